"""From lines to the `data` of a detail answer: the positions on platforms, token by token."""

from collections.abc import Iterable

from holdfast.providers.okx.wire import (
    Investment,
    NetworkHold,
    PlatformDetail,
    PlatformRef,
    Token,
    TokenGroup,
    UnknownChainError,
    WalletDetail,
    index_of,
    name_of,
)
from services.api.dialects.okx import failures
from services.api.dialects.okx.failures import OkxError
from services.api.dialects.okx.holdings import Asked, Known, Line, parse_chain, total
from services.api.dialects.okx.platforms import group_by_platform, platform_id

_INVEST_TYPES = {"deposit": 1, "liquidity": 2, "staked": 5, "borrowed": 6, "locked": 8, "vesting": 10}
"""By kind; another kind has none, and is read back as `other`."""
_EVM_COIN = "0x" + "e" * 40


def to_details(known: Known, wanted: Iterable[PlatformRef]) -> tuple[PlatformDetail, ...]:
    """One for each platform asked for, on the chains asked for. Raises OkxError for one that no wallet has."""
    by_id = {platform_id(name): (name, lines) for name, lines in group_by_platform(known.lines).items()}
    chains: dict[str, set[str]] = {}
    for ref in wanted:
        if ref.analysis_platform_id not in by_id:
            raise OkxError(failures.UNKNOWN_PLATFORM, f"The protocol {ref.analysis_platform_id[:40]} is not supported")
        chains.setdefault(ref.analysis_platform_id, set()).add(index_of(parse_chain(ref.chain_index)))
    return tuple(_to_detail(known, identity, *by_id[identity], indexes) for identity, indexes in chains.items())


def _to_detail(known: Known, identity: str, name: str, lines: list[Line], indexes: set[str]) -> PlatformDetail:
    addresses = dict.fromkeys(one.address for one in known.asked)
    wallets = [
        WalletDetail(
            network_hold_vo_list=tuple(
                _to_hold(one, [line for line in lines if line.account == one.account])
                for one in known.asked
                if one.address == address and one.chain_index in indexes
            ),
            wallet_address=address,
        )
        for address in addresses
    ]
    return PlatformDetail(
        wallet_id_platform_detail_list=tuple(wallets), platform_name=name, analysis_platform_id=identity
    )


def _to_hold(asked: Asked, lines: list[Line]) -> NetworkHold:
    positions: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        positions.setdefault((line.kind, line.position), []).append(line)
    return NetworkHold(
        network=name_of(asked.chain_index),
        chain_index=asked.chain_index,
        total_assert=total(lines),
        invest_token_balance_vo_list=tuple(
            investment
            for (kind, position), held in positions.items()
            for investment in _to_investments(asked, kind, position, held)
        ),
    )


def _to_investments(asked: Asked, kind: str, position: str, lines: list[Line]) -> Iterable[Investment]:
    """Lines with amounts are the tokens of one position; each line with a value alone is a position of its own."""
    named = [line for line in lines if line.asset is not None or line.amount is not None]
    tokens = tuple(_to_token(asked, line) for line in named)
    invest_type = _INVEST_TYPES.get(kind)
    if tokens and kind == "reward":
        yield Investment(
            investment_key=position,
            reward_defi_token_info=tuple(TokenGroup(base_defi_token_infos=(token,)) for token in tokens),
        )
    elif tokens:
        yield Investment(
            invest_type=invest_type, investment_key=position, assets_token_list=tokens, total_value=_gross(named)
        )
    for line in lines:
        if line not in named:
            yield Investment(invest_type=invest_type, investment_key=position, total_value=line.value_usd or "")


def _gross(lines: list[Line]) -> str:
    """Of a debt what is owed: the kind says that it is."""
    net = total(lines)
    return net.removeprefix("-") if lines[0].side == "debt" else net


def _to_token(asked: Asked, line: Line) -> Token:
    index = _index(line.chain) if line.chain else asked.chain_index
    return Token(
        token_symbol=line.symbol,
        coin_amount=line.amount or "",
        currency_amount=line.value_usd or "",
        token_address=_address(line.asset),
        network=name_of(index) if index else line.chain or "",
        chain_index=index,
    )


def _address(asset: str | None) -> str:
    chain, _, token = (asset or "").partition("/")
    kind, _, reference = token.partition(":")
    if kind == "slip44":
        return _EVM_COIN if chain.startswith("eip155:") else ""
    return reference


def _index(chain: str) -> str:
    """Empty where OKX has no number for it: a token of another chain is none of the wallet's own."""
    try:
        return index_of(chain)
    except (UnknownChainError, ValueError):
        return ""
