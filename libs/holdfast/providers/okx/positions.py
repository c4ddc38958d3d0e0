"""From the detail of a platform to lines: what is supplied, owed, staked and earned there, token by token."""

from collections.abc import Iterable, Iterator

from holdfast.domain.balances import Balance, Kind
from holdfast.providers.kit.labels import to_label
from holdfast.providers.okx.assets import asset_of
from holdfast.providers.okx.lines import to_line
from holdfast.providers.okx.rewards import Rewards
from holdfast.providers.okx.wire import Investment, Market, NetworkHold, Position, Token, TokenGroup

KINDS: dict[int | None, Kind] = {
    1: "deposit",  # save
    2: "liquidity",
    3: "staked",  # farm
    4: "deposit",  # vault
    5: "staked",
    6: "borrowed",
    7: "staked",
    8: "locked",
    9: "deposit",
    10: "vesting",
}
"""By investType; another number is `other`."""


def to_lines(hold: NetworkHold, *, platform: str, chain_index: str) -> list[Balance]:
    """All lines of one platform on one chain. Raises UnreadableNumberError."""
    network = _Network(platform, chain_index)
    lines = [line for investment in hold.invest_token_balance_vo_list for line in network.investment(investment)]
    lines += [line for market in hold.invest_market_token_balance_vo_list for line in network.market(market)]
    return lines + network.outer_rewards((*hold.available_rewards, *hold.air_drop_reward_info), "")


class _Network:
    """Knows what all lines share, and which rewards were told already."""

    def __init__(self, platform: str, chain_index: str) -> None:
        self._platform = platform
        self._chain_index = chain_index
        self._rewards = Rewards()

    def investment(self, held: Investment, *, kind: Kind | None = None, market_id: str = "") -> Iterator[Balance]:
        kind = kind or KINDS.get(held.invest_type, "other")
        position = held.investment_key or held.investment_id or market_id or held.pool_address
        parts = (*held.position_list, *held.non_pool_position_list)
        lines = self._held(held, parts, kind, position)
        lines += [self._line(token, "borrowed", position) for token in held.borrow_token_list]
        yield from lines or self._value_only(held.total_value, kind, position)
        for part in parts:
            yield from self._rewards.tell(self._earned(part.unclaim_fees_defi_token_info, _part_of(position, part)))
        yield from self._rewards.tell(self._earned(held.reward_defi_token_info, position))

    def market(self, market: Market) -> Iterator[Balance]:
        for supplied in market.asset_map.supply:
            yield from self.investment(supplied, kind="deposit", market_id=market.market_id)
        for owed in market.asset_map.borrow:
            yield from self.investment(owed, kind="borrowed", market_id=market.market_id)
        yield from self.outer_rewards(market.market_rewards, market.market_id)

    def outer_rewards(self, groups: Iterable[TokenGroup], position: str) -> list[Balance]:
        return self._rewards.tell_outer(list(self._earned(groups, position)))

    def _held(self, held: Investment, parts: tuple[Position, ...], kind: Kind, position: str) -> list[Balance]:
        """The tokens of the parts, of which the investment's own are the sum; its own where no part has any."""
        if held.assets_token_list and not any(part.assets_token_list for part in parts):
            return [self._line(token, kind, position) for token in held.assets_token_list]
        return [line for part in parts for line in self._part(part, kind, _part_of(position, part))]

    def _part(self, part: Position, kind: Kind, position: str) -> Iterable[Balance]:
        lines = [self._line(token, kind, position) for token in part.assets_token_list]
        return lines or self._value_only(part.total_value, kind, position)

    def _earned(self, groups: Iterable[TokenGroup], position: str) -> Iterator[tuple[str, Balance]]:
        """A reward that states neither amount nor value states nothing."""
        for group in groups:
            for token in group.base_defi_token_infos:
                if token.coin_amount or token.currency_amount:
                    yield group.reward_type, self._line(token, "reward", position)

    def _line(self, token: Token, kind: Kind, position: str) -> Balance:
        chain_index = token.chain_index or self._chain_index
        return to_line(
            asset=asset_of(chain_index, token.token_address, token.token_symbol),
            kind=kind,
            platform=self._platform,
            chain_index=chain_index,
            amount=token.coin_amount,
            value=token.currency_amount,
            symbol=to_label(token.token_symbol, longest=60),
            position=to_label(position),
        )

    def _value_only(self, value: str, kind: Kind, position: str) -> Iterator[Balance]:
        if value:
            yield to_line(
                asset=None,
                kind=kind,
                platform=self._platform,
                chain_index=self._chain_index,
                amount="",
                value=value,
                position=to_label(position),
            )


def _part_of(position: str, part: Position) -> str:
    return "/".join(filter(None, (position, part.token_id)))
