"""From an answer to statements: for each item one snapshot and the total that the upstream reports.

Where errors came with the data, the data is used only if every amount in it can be read: a part that failed
leaves no snapshot. What could not be converted to dollars is no such part.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from holdfast.domain.balances import ReportedTotal, Snapshot
from holdfast.providers.bitpanda.failures import error_of_errors
from holdfast.providers.bitpanda.lines import symbols_of, to_currency, to_lines, to_number
from holdfast.providers.bitpanda.wire import Answer, Item, ShapeError, to_answer, to_instant
from holdfast.providers.kit.answer import Answer as HttpAnswer
from holdfast.providers.kit.exact import UnreadableNumberError

SCOPE = "custody"


class Statement(Struct, frozen=True, kw_only=True):
    """What the upstream says of one instant."""

    snapshot: Snapshot
    total: ReportedTotal | None


def to_statements(answer: HttpAnswer, *, account: str, fetched_at: datetime) -> list[Statement]:
    """One for each instant, oldest first. Raises ProviderError."""
    try:
        said = to_answer(answer.json())
        if said.errors and not _is_readable(said):
            raise error_of_errors(said.errors, answer)
        items = said.portfolio.items if said.portfolio else ()
        statements = [_to_statement(item, answer, account, fetched_at) for item in items]
    except (ShapeError, UnreadableNumberError) as error:
        raise answer.unexpected(f"portfolio: {error}") from error
    unique = {statement.snapshot.observed_at: statement for statement in reversed(statements)}
    return [unique[at] for at in sorted(unique)]


def _is_readable(said: Answer) -> bool:
    """Whether every balance of every item is there with a number."""
    return said.portfolio is not None and all(_amounts_are_readable(item) for item in said.portfolio.items)


def _amounts_are_readable(item: Item) -> bool:
    if not item.balances:
        return False
    return all(
        one.amount and one.amount.value and to_number(one.amount).number is not None for one in item.balances.items
    )


def _to_statement(item: Item, answer: HttpAnswer, account: str, fetched_at: datetime) -> Statement:
    if not item.balances:
        raise ShapeError("an item without balances")
    at = to_instant(item.timestamp)
    snapshot = Snapshot(
        account=account,
        scope=SCOPE,
        observed_at=at,
        fetched_at=fetched_at,
        balances=to_lines(item.balances, at=at, now=answer.received_at),
        raw=(answer.sha256,),
    )
    return Statement(snapshot=snapshot, total=next(_to_total(item, snapshot), None))


def _to_total(item: Item, snapshot: Snapshot) -> Iterator[ReportedTotal]:
    """None where the upstream states none, not even that it is unknown."""
    if item.total and item.total.currency and item.balances:
        yield ReportedTotal(
            account=snapshot.account,
            scope=SCOPE,
            observed_at=snapshot.observed_at,
            currency=to_currency(item.total.currency, frozenset(symbols_of(item.balances))),
            total=to_number(item.total).number,
            raw=snapshot.raw,
        )
