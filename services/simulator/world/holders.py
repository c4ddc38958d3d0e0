"""Who holds a token, and who of them belong together: both move in time, the supply does not.

Each token has 120 holders, the first the greatest. Neighbours trade with each other, so that what one
gains the other loses; every three hours each holder is drawn anew into one of twelve groups, or into none.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from msgspec import Struct

from services.simulator.world.curves import Moved, reached
from services.simulator.world.draws import between, draw
from services.simulator.world.instants import at_second, since_genesis
from services.simulator.world.numbers import EXACT, cut, total
from services.simulator.world.tokens import SOLANA_USDC, USDC, Token
from services.simulator.world.wallets import address_on
from services.simulator.world.world import World, price_of, to_units

HOLDERS = 120
SHARE_DECIMALS = 12
WATCHED = (USDC, SOLANA_USDC)
"""The tokens whose holders an operator of Holdfast is told to watch."""

_GROUPS = 12
_TRADED_EVERY_S = 900
_GROUPED_EVERY_S = 3 * 3600
_WHOLE_PER_USUAL = 10_000


class HolderState(Struct, frozen=True, kw_only=True):
    """One holder at an instant."""

    number: int
    address: str
    amount: Decimal
    share: Decimal
    """Of the supply, as a fraction, cut to 12 decimals."""
    held_for: timedelta
    last_active_at: datetime
    bought_at: Decimal
    """The price, in US dollars."""
    rank: int

    @property
    def is_contract(self) -> bool:
        return self.number % 11 == 3

    @property
    def is_exchange(self) -> bool:
        return self.number % 13 == 1

    @property
    def is_kol(self) -> bool:
        return self.number % 17 == 5


def supply_of(token: Token) -> Decimal:
    """In units; it never changes."""
    return Decimal(token.usual * _WHOLE_PER_USUAL)


def has_holders(token: Token) -> bool:
    """Coins have no contract, receipts stand for positions, and what nobody quotes nobody looks into."""
    return bool(token.address) and not token.receipt and token.path is not None


def holders_at(world: World, token: Token, instant: datetime) -> list[HolderState]:
    """All of them, the greatest first."""
    amounts = {number: _amount(world.seed, token, number, instant) for number in range(HOLDERS)}
    ranked = sorted(amounts, key=lambda number: (-amounts[number], number))
    return [_state(world, token, number, amounts[number], rank, instant) for rank, number in enumerate(ranked, start=1)]


def clusters_at(world: World, token: Token, instant: datetime) -> list[list[HolderState]]:
    """Those groups that have two members or more: the greatest first, in each the greatest holder first."""
    groups: dict[int, list[HolderState]] = {}
    for holder in holders_at(world, token, instant):
        groups.setdefault(_group(world.seed, token, holder.number, instant), []).append(holder)
    clusters = [members for group, members in groups.items() if group < _GROUPS and len(members) > 1]
    return sorted(clusters, key=lambda members: (-amount_of(members), members[0].rank))


def amount_of(holders: Sequence[HolderState]) -> Decimal:
    return total([holder.amount for holder in holders])


def share_of(token: Token, amount: Decimal) -> Decimal:
    return cut(EXACT.divide(amount, supply_of(token)), SHARE_DECIMALS)


def _state(  # noqa: PLR0917
    world: World, token: Token, number: int, amount: Decimal, rank: int, instant: datetime
) -> HolderState:
    traded = since_genesis(instant) // _TRADED_EVERY_S * _TRADED_EVERY_S
    quote = price_of(world, token, instant)
    bought_ppt = between(world.seed, f"bought/{token.asset}/{number}", 500, 1500)
    return HolderState(
        number=number,
        address=_address(world.seed, token, number),
        amount=amount,
        share=share_of(token, amount),
        held_for=timedelta(days=between(world.seed, f"held/{token.asset}/{number}", 5, 400)),
        last_active_at=at_second(traded),
        bought_at=EXACT.multiply(quote.price if quote else Decimal(0), Decimal(bought_ppt).scaleb(-3)),
        rank=rank,
    )


def _amount(seed: int, token: Token, number: int, instant: datetime) -> Decimal:
    """The opening balance, less or plus what went over to the neighbour."""
    poorer = _opening(token, number | 1)
    trade = Moved(name=f"holders/{token.asset}/{number // 2}", cap=poorer // 3, period_s=_TRADED_EVERY_S)
    moved = reached(seed, trade, instant)
    return to_units(_opening(token, number) + (moved if number % 2 else -moved), token)


def _opening(token: Token, number: int) -> int:
    """Four fifths of the supply are held by them all, the rest by nobody in particular."""
    supply: int = token.usual * _WHOLE_PER_USUAL * 10**token.decimals
    return supply * 4 * (1_000_000 // (number + 3)) // (5 * _weights())


@lru_cache(maxsize=1)
def _weights() -> int:
    return sum(1_000_000 // (number + 3) for number in range(HOLDERS))


def _group(seed: int, token: Token, number: int, instant: datetime) -> int:
    period = since_genesis(instant) // _GROUPED_EVERY_S
    return draw(seed, f"group/{token.asset}/{number}/{period}", 2 * _GROUPS)


@lru_cache(maxsize=8192)
def _address(seed: int, token: Token, number: int) -> str:
    return address_on(token.chain, seed, f"holder/{token.asset}/{number}")
