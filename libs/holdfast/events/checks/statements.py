"""What sources stated: balances in parts, totals, returns."""

from decimal import Decimal, InvalidOperation

from holdfast.domain.balances import Balance
from holdfast.domain.money import LIMIT
from holdfast.events.balances import BalancesObserved, TotalsReported
from holdfast.events.checks.fields import (
    InvalidMessageError,
    check_account,
    check_asset,
    check_block,
    check_hashes,
    check_heard,
    check_number,
    check_numbers,
    check_times,
    check_within,
    is_asset,
    is_chain,
)
from holdfast.events.returns import ReturnsReported

MAX_LINES = 1_000_000
"""Lines of one snapshot, over all its parts."""
MAX_PARTS = 99_999
_ZERO = Decimal(0)


def check_balances(message: BalancesObserved) -> None:
    check_account(message.account)
    check_times(message, "observed_at", "fetched_at")
    check_heard(message.observed_at, message.fetched_at)
    _parts(message)
    for position, balance in enumerate(message.balances):
        _balance(balance, position)
    for position, asset in enumerate(message.covers):
        check_asset(f"covers[{position}]", asset)
    if message.block is not None:
        check_block("block", message.block)
    check_hashes(message.raw)


def _parts(message: BalancesObserved) -> None:
    here, end = len(message.balances), message.offset + len(message.balances)
    check_within("parts", message.parts, 1, MAX_PARTS)
    check_within("part", message.part, 1, message.parts)
    check_within("lines", message.lines, 0, MAX_LINES)
    check_within("offset", message.offset, 0, message.lines)
    if end > message.lines:
        raise InvalidMessageError("balances", f"{here} lines from {message.offset} on, of only {message.lines}")
    if message.part == 1 and message.offset != 0:
        raise InvalidMessageError("offset", f"is {message.offset} in the first part, must be 0")
    if message.part == message.parts and end != message.lines:
        raise InvalidMessageError("lines", f"is {message.lines}, but the last part ends at {end}")
    if message.parts == 1 and message.id != message.snapshot_id:
        raise InvalidMessageError("id", "a whole snapshot has its snapshot_id as id")


def _balance(balance: Balance, position: int) -> None:
    """The hot path: a whole line is judged in one expression, and only a bad one is looked at again."""
    amount, price, value = balance.amount, balance.price, balance.value
    try:
        fine = (
            (amount is None or _ZERO <= amount < LIMIT)
            and (price is None or _ZERO <= price < LIMIT)
            and (value is None or _ZERO <= value < LIMIT)
        )
    except InvalidOperation:
        fine = False
    if not fine:
        for field in ("amount", "price", "value"):
            check_number(f"balances[{position}].{field}", getattr(balance, field))
    if balance.asset is not None and not is_asset(balance.asset):
        check_asset(f"balances[{position}].asset", balance.asset)
    if not is_asset(balance.currency):
        check_asset(f"balances[{position}].currency", balance.currency)
    if balance.chain is not None and not is_chain(balance.chain):
        raise InvalidMessageError(f"balances[{position}].chain", f"{balance.chain[:60]!r} is not CAIP-2, as eip155:1")


def check_totals(message: TotalsReported) -> None:
    check_account(message.account)
    check_times(message, "observed_at", "fetched_at")
    check_heard(message.observed_at, message.fetched_at)
    check_asset("currency", message.currency)
    check_number("total", message.total, signed=True)
    check_hashes(message.raw)


def check_returns(message: ReturnsReported) -> None:
    """Signed throughout: what another system worked out may lie below zero in any place."""
    check_account(message.account)
    check_times(message, "observed_at", "fetched_at")
    check_heard(message.observed_at, message.fetched_at)
    check_asset("quote", message.quote)
    check_number("total_return", message.total_return, signed=True)
    for position, item in enumerate(message.items):
        check_asset(f"items[{position}].asset", item.asset)
        check_numbers(f"items[{position}]", item, "amount", "value", "total_return", signed=True)
    if message.block_number is not None:
        check_within("block_number", message.block_number, 0, 2**63 - 1)
    check_hashes(message.raw)
