"""Token clusters as OKX states them live: shares as fractions, the overview in percent, periods in seconds.

Solana's list has the other of its two names, and what is not known is "--".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from holdfast.providers.okx.wire import (
    HOLDERS_BY_RANGE,
    ClusterHolder,
    HolderCluster,
    HolderOverview,
    SupportedChain,
    TopHolders,
    chains_json,
    clusters_json,
    overview_json,
    top_holders_json,
)
from services.simulator.upstreams.okx.errors import OkxError
from services.simulator.world.chains import BASE, ETHEREUM, SOLANA
from services.simulator.world.draws import between
from services.simulator.world.holders import (
    HolderState,
    amount_of,
    clusters_at,
    has_holders,
    holders_at,
    share_of,
)
from services.simulator.world.instants import unix_ms
from services.simulator.world.numbers import EXACT, cut, plain, product, total
from services.simulator.world.tokens import Token
from services.simulator.world.world import World, price_of

CHAINS = (ETHEREUM, BASE, SOLANA)
"""Not all of the world's: OKX has no clusters on the others."""
_RATIO_DECIMALS = 12
_VALUE_DECIMALS = 18
_NOTHING: Any = {}


class Clusters:
    """The four questions; `query` is that of the request. Raises OkxError."""

    def __init__(self, world: World) -> None:
        self._world = world

    def chains(self, _query: Mapping[str, str], _now: datetime) -> Any:
        logo = "https://static.example/network"
        return chains_json(
            tuple(
                SupportedChain(chain_index=chain.index, chain_name=chain.name, chain_logo=f"{logo}/{chain.index}.png")
                for chain in CHAINS
            )
        )

    def listed(self, query: Mapping[str, str], now: datetime) -> Any:
        token = self._token(query)
        if token is None:
            return _NOTHING
        clusters = clusters_at(self._world, token, now)
        (answer,) = clusters_json(tuple(_cluster(self._world, token, one, now) for one in clusters))
        return {"clusterList": answer["clustList"]} if token.chain is SOLANA else answer

    def overview(self, query: Mapping[str, str], now: datetime) -> Any:
        token = self._token(query)
        if token is None:
            return _NOTHING
        top_share = share_of(token, amount_of(holders_at(self._world, token, now)[:100]))
        seed = self._world.seed
        return overview_json(
            HolderOverview(
                cluster_concentration="High" if top_share > Decimal("0.6") else "Medium",
                top_100_holdings_percent=_percent(top_share),
                rug_pull_percent=str(between(seed, f"rug/{token.asset}", 1, 60)),
                holder_same_fund_source_percent=str(between(seed, f"fund/{token.asset}", 1, 40)),
                holder_same_creation_time_percent=str(between(seed, f"created/{token.asset}", 1, 40)),
            )
        )

    def top_holders(self, query: Mapping[str, str], now: datetime) -> Any:
        token, count = self._token(query), HOLDERS_BY_RANGE.get(query.get("rangeFilter", ""))
        if count is None:
            raise OkxError("50014" if not query.get("rangeFilter") else "51000", "Parameter rangeFilter error")
        if token is None:
            return _NOTHING
        return top_holders_json(_group(self._world, token, holders_at(self._world, token, now)[:count], now))

    def _token(self, query: Mapping[str, str]) -> Token | None:
        """None for a token of which nothing is known."""
        for name in ("chainIndex", "tokenContractAddress"):
            if not query.get(name):
                raise OkxError("50014", f"Parameter {name} can not be empty")
        chain = next((one for one in CHAINS if one.index == query["chainIndex"]), None)
        if chain is None:
            raise OkxError("51000", "Parameter chainIndex error")
        address = query["tokenContractAddress"]
        found = (
            one
            for one in self._world.tokens.values()
            if one.chain is chain and has_holders(one) and _is_address(one, address)
        )
        return next(found, None)


def _is_address(token: Token, address: str) -> bool:
    return token.address.lower() == address.lower() if token.chain.is_evm else token.address == address


def _cluster(world: World, token: Token, holders: Sequence[HolderState], now: datetime) -> HolderCluster:
    amount, price = amount_of(holders), _price(world, token, now)
    spent = total([product(holder.amount, holder.bought_at, _VALUE_DECIMALS) for holder in holders])
    gain = EXACT.subtract(product(amount, price, _VALUE_DECIMALS), spent)
    return HolderCluster(
        holding_amount=plain(amount),
        holding_value_usd=plain(product(amount, price, _VALUE_DECIMALS)),
        holding_percent=plain(share_of(token, amount)),
        trend_type=("buy" if gain < 0 else "sell",),
        average_holding_period=str(sum(holder.held_for.days for holder in holders) // len(holders) * 86_400),
        pnl_usd=plain(gain),
        pnl_percent=plain(cut(EXACT.divide(gain, spent), _RATIO_DECIMALS)),
        buy_volume=plain(spent),
        average_buy_price_usd=plain(cut(EXACT.divide(spent, amount), _VALUE_DECIMALS)),
        last_active_timestamp=str(max(unix_ms(holder.last_active_at) for holder in holders)),
        cluster_address_list=tuple(_holder(token, holder, price) for holder in holders),
    )


def _holder(token: Token, holder: HolderState, price: Decimal) -> ClusterHolder:
    return ClusterHolder(
        address=holder.address.lower() if token.chain.is_evm else holder.address,
        holding_amount=plain(holder.amount),
        holding_value_usd=plain(product(holder.amount, price, _VALUE_DECIMALS)),
        holding_percent=plain(holder.share),
        average_holding_period=str(holder.held_for.days * 86_400),
        last_active_timestamp=str(unix_ms(holder.last_active_at)),
        is_contract=holder.is_contract,
        is_exchange=holder.is_exchange,
        is_kol=holder.is_kol,
        address_rank=str(holder.rank),
    )


def _group(world: World, token: Token, holders: Sequence[HolderState], now: datetime) -> TopHolders:
    amount, price = amount_of(holders), _price(world, token, now)
    spent = total([product(holder.amount, holder.bought_at, _VALUE_DECIMALS) for holder in holders])
    bought_at = cut(EXACT.divide(spent, amount), _VALUE_DECIMALS)
    gain = EXACT.subtract(product(amount, price, _VALUE_DECIMALS), spent)
    return TopHolders(
        holding_amount=plain(amount),
        holding_percent=plain(share_of(token, amount)),
        cluster_trend_type=("buy", "transferIn"),
        average_holding_period=str(sum(holder.held_for.days for holder in holders) // len(holders) * 86_400),
        average_pnl_usd=plain(cut(EXACT.divide(gain, Decimal(len(holders))), _VALUE_DECIMALS)),
        average_buy_price_usd=plain(bought_at),
        average_buy_price_percent=plain(cut(EXACT.divide(EXACT.subtract(bought_at, price), price), _RATIO_DECIMALS)),
    )


def _price(world: World, token: Token, now: datetime) -> Decimal:
    quote = price_of(world, token, now)
    return quote.price if quote is not None else Decimal(0)


def _percent(share: Decimal) -> str:
    return plain(EXACT.multiply(share, Decimal(100)))
