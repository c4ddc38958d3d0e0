"""What a position stands for is in no total, and so neither in the share of value that has amounts: not even where it
could not be read."""

from decimal import Decimal

import pytest

from holdfast.domain.ledger.membership import ALWAYS
from holdfast.domain.ledger.statements import Coverage, Line
from holdfast.domain.quotes import PriceBook
from holdfast.domain.returns.answers import Window
from holdfast.domain.returns.book import added
from holdfast.history.ledgers import to_source_ledger
from holdfast.history.memberships import SourceMembership
from holdfast.history.snapshots import StoredLine, StoredSnapshot
from tests.domain.world_of_one import day

RECEIPT = "receipt"
UNREAD = StoredLine("wallet", Line(RECEIPT, "asset", None, reason="unreadable"))
POOL = StoredLine("liquidity", Line(None, "asset", None, None, Decimal(1000), "value_only"))


def worth(asset: str, value: int, kind: str = "wallet") -> StoredLine:
    """One unit."""
    return StoredLine(kind, Line(asset, "asset", Decimal(1), Decimal(value), Decimal(value)))


def snapshot(source: str, number: float, *lines: StoredLine, covers: tuple[str, ...] = ()) -> StoredSnapshot:
    at = day(number)
    return StoredSnapshot(
        source=source, account="a", at=at, fetched_at=at, snapshot_id=f"{number}", covers=covers, lines=lines
    )


DEPOSIT = worth("eth", 4000, "deposit")


def coverage(*snapshots: StoredSnapshot, start: float | None = None, end: float = 9) -> Coverage:
    """Of both sources together."""
    members = [
        SourceMembership(source=name, account="a", provider="p", scope=name, during=(ALWAYS,))
        for name in ("defi", "wallet")
    ]
    chains = {member.source: [one for one in snapshots if one.source == member.source] for member in members}
    window = Window(None if start is None else day(start), day(end))
    return added(to_source_ledger(member, members, chains, PriceBook(), window).coverage for member in members)


@pytest.mark.parametrize("wallet_says", [0, 1, 2])
def test_the_share_is_of_what_counts_at_the_end(wallet_says: float) -> None:
    """4000 in the deposit and 3000 in the wallet of 8000: the 20000 are the deposit's receipt."""
    wallet = snapshot("wallet", wallet_says, worth("eth", 3000), worth(RECEIPT, 20000))
    found = coverage(snapshot("defi", 1, DEPOSIT, POOL, covers=(RECEIPT,)), wallet)
    assert (found.covered, found.gross, found.share) == (7000, 8000, Decimal("0.875"))


def test_a_receipt_counts_again_once_nobody_stands_for_it() -> None:
    defi = snapshot("defi", 1, DEPOSIT, POOL, covers=(RECEIPT,)), snapshot("defi", 3, DEPOSIT, POOL)
    wallet = snapshot("wallet", 2, worth("eth", 3000), worth(RECEIPT, 20000))
    assert (coverage(*defi, wallet).covered, coverage(*defi, wallet, end=2.9).covered) == (27000, 7000)


@pytest.mark.parametrize(
    ("start", "end", "unread"),
    [
        (None, 0.9, 1),  # nobody stands for it yet
        (None, 9, 1),  # it was a part of the window
        (0.5, 9, 1),
        (1, 9, 0),  # stood for since the window began
        (2, 2.9, 0),
        (2, 3, 1),  # and again not: the position is gone
    ],
)
def test_one_that_could_not_be_read_refuses_while_it_counts(start: float | None, end: float, unread: int) -> None:
    told = [snapshot("wallet", 0, worth("eth", 3000), UNREAD), snapshot("defi", 1, DEPOSIT, covers=(RECEIPT,))]
    gone = [snapshot("defi", 3)] if end == 3 else []
    assert coverage(*told, *gone, start=start, end=end).lines_without_amount == unread


def test_what_is_held_otherwise_is_no_receipt() -> None:
    """Staked, it is a position of its own: only lines of the wallet are stood for."""
    staked = StoredLine("staked", UNREAD.line)
    told = snapshot("defi", 1, DEPOSIT, covers=(RECEIPT,)), snapshot("wallet", 1, worth("eth", 3000), UNREAD, staked)
    assert coverage(*told).lines_unread == {"unreadable": 1}
