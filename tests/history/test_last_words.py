"""When a source last said something that its portfolio sees, whether it changed anything or not."""

from decimal import Decimal

import pytest

from holdfast.domain.ledger.membership import ALWAYS, Interval
from holdfast.domain.ledger.statements import Line
from holdfast.domain.quotes import PriceBook
from holdfast.domain.returns.answers import Window
from holdfast.history.ledgers import SourceLedger, to_source_ledger
from holdfast.history.memberships import SourceMembership
from holdfast.history.snapshots import StoredLine, StoredSnapshot
from tests.domain.world_of_one import day

POOL = StoredLine("liquidity", Line(None, "asset", None, None, Decimal(9), "value_only"))
HELD = StoredLine("wallet", Line("eth", "asset", Decimal(1), Decimal(5), Decimal(5)))


def snapshot(number: int, *lines: StoredLine) -> StoredSnapshot:
    at = day(number)
    return StoredSnapshot(
        source="s", account="a", at=at, fetched_at=at, snapshot_id=str(number), covers=(), lines=lines
    )


def ledger_of(*snapshots: StoredSnapshot, during: tuple[Interval, ...] = (ALWAYS,)) -> SourceLedger:
    member = SourceMembership(source="s", account="a", provider="p", scope="", during=during)
    return to_source_ledger(member, [member], {"s": snapshots}, PriceBook(), Window(None, day(9)))


def test_a_source_that_never_held_anything_has_spoken() -> None:
    assert ledger_of(snapshot(0), snapshot(4)).stated == day(4)
    assert ledger_of().stated is None


def test_one_that_has_nothing_left_is_as_new_as_its_last_word_up_to_the_end() -> None:
    found = ledger_of(snapshot(0, HELD), snapshot(1), snapshot(9), snapshot(10))
    assert (found.entries[-1].at, found.stated) == (day(1), day(9))


@pytest.mark.parametrize(
    ("during", "stated"),
    [
        ((Interval(day(3), ALWAYS.end),), day(6)),
        ((Interval(day(7), ALWAYS.end),), day(6)),
        ((Interval(ALWAYS.start, day(6)),), day(2)),
        ((Interval(day(1), day(3)), Interval(day(5), day(8))), day(6)),
        ((Interval(day(1), day(3)), Interval(day(10), ALWAYS.end)), day(2)),
        ((Interval(day(10), ALWAYS.end),), None),
        ((), None),
    ],
)
def test_what_counts_is_what_was_said_before_it_left(during: tuple[Interval, ...], stated: object) -> None:
    """Of before it joined too: that is what it joined with."""
    assert ledger_of(snapshot(2, HELD), snapshot(6, HELD), during=during).stated == stated


def test_lines_without_amounts_of_after_it_left_are_not_waited_for_although_it_comes_back_later() -> None:
    """The window ends on day 9. What it says on day 6 is seen from day 10 on, and would be from day 9."""
    said, before = (snapshot(2, HELD), snapshot(6, POOL)), Interval(day(1), day(3))
    assert ledger_of(*said, during=(before, Interval(day(10), ALWAYS.end))).coverage.lines_value_only == 0
    assert ledger_of(*said, during=(before, Interval(day(9), ALWAYS.end))).coverage.lines_value_only == 1
