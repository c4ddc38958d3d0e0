"""What each token has returned: its value now, less what was paid for all that came in and went out.

Transfers are looked for once a day, at midnight, from the day on which Credmark's index of this world begins. Of a
fund, whose holdings move at midnight alone, that is every one of them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from services.simulator.world.funds import double
from services.simulator.world.numbers import EXACT
from services.simulator.world.tokens import Token
from services.simulator.world.wallets import Wallet
from services.simulator.world.world import World, price_of, raw_amount, to_units

INDEXED_FROM = datetime(2025, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


class TokenState(Struct, frozen=True, kw_only=True):
    """In US dollars. Value and return are None where nobody quotes the token."""

    token: Token
    amount: Decimal
    value: Decimal | None
    gain: Decimal | None


class _Ledger(Struct, frozen=True, kw_only=True):
    """Of one token up to a midnight."""

    day: datetime
    raw: int
    paid: Decimal
    seen: bool
    """Whether any of it was ever held."""


class Ledgers:
    """Days that are over do not change: each is worked out once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[tuple[tuple[str, ...], str], _Ledger] = {}

    def state(self, wallets: Sequence[Wallet], token: Token, at: datetime) -> TokenState | None:
        """None for a token that none of them ever held."""
        accounts = tuple(sorted(wallet.account for wallet in wallets))
        ledger = self._up_to(accounts, token, max(at, INDEXED_FROM))
        raw = self._raw(accounts, token, at)
        if not ledger.seen and not raw:
            return None
        quote = price_of(self._world, token, at)
        amount = to_units(raw, token)
        if quote is None:
            return TokenState(token=token, amount=amount, value=None, gain=None)
        paid = EXACT.add(ledger.paid, EXACT.multiply(to_units(raw - ledger.raw, token), quote.price))
        value = EXACT.multiply(amount, quote.price)
        return TokenState(token=token, amount=amount, value=double(value), gain=double(EXACT.subtract(value, paid)))

    def _up_to(self, accounts: tuple[str, ...], token: Token, at: datetime) -> _Ledger:
        """After the last midnight at or before `at`."""
        key = accounts, token.asset
        ledger = self._known.get(key)
        if ledger is None or ledger.day > at:
            ledger = _Ledger(day=INDEXED_FROM - _DAY, raw=0, paid=Decimal(0), seen=False)
        while ledger.day + _DAY <= at:
            ledger = self._next(ledger, accounts, token)
        self._known[key] = ledger
        return ledger

    def _next(self, ledger: _Ledger, accounts: tuple[str, ...], token: Token) -> _Ledger:
        day = ledger.day + _DAY
        raw = self._raw(accounts, token, day)
        paid = ledger.paid
        if raw != ledger.raw and (quote := price_of(self._world, token, day)):
            paid = EXACT.add(paid, EXACT.multiply(to_units(raw - ledger.raw, token), quote.price))
        return _Ledger(day=day, raw=raw, paid=paid, seen=ledger.seen or raw != 0)

    def _raw(self, accounts: tuple[str, ...], token: Token, at: datetime) -> int:
        return sum(raw_amount(self._world, account, token, at) for account in accounts)
