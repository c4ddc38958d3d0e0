"""What flowed is the same whichever window asks, also where another source begins to stand for a part of it later."""

from decimal import Decimal

from holdfast.domain.ledger.membership import ALWAYS
from holdfast.domain.ledger.statements import Line
from holdfast.domain.quotes import PriceBook
from holdfast.domain.returns.answers import CashFlow, Window
from holdfast.domain.returns.book import Book, build_book
from holdfast.history.ledgers import to_source_ledger
from holdfast.history.memberships import SourceMembership
from holdfast.history.snapshots import StoredLine, StoredSnapshot
from tests.domain.world_of_one import day

SHARE = "share"


def told(source: str, number: float, *lines: StoredLine, covers: tuple[str, ...] = ()) -> StoredSnapshot:
    at = day(number)
    return StoredSnapshot(
        source=source, account="a", at=at, fetched_at=at, snapshot_id=f"{number}", covers=covers, lines=lines
    )


def held(kind: str, amount: str, price: str) -> StoredLine:
    return StoredLine(kind, Line(SHARE, "asset", Decimal(amount), Decimal(price), Decimal(amount) * Decimal(price)))


WALLET = [
    told("wallet", 0, held("wallet", "10", "1"), held("staked", "10", "1.2")),
    told("wallet", 1, held("wallet", "20", "1"), held("staked", "5", "1.2")),
]
DEFI = [told("defi", 2, covers=(SHARE,))]


def measured(start: float, end: float) -> Book:
    """Statements are read up to the end of the window."""
    members = [
        SourceMembership(source=name, account="a", provider="p", scope=name, during=(ALWAYS,))
        for name in ("defi", "wallet")
    ]
    chains = {
        name: [one for one in chain if one.at <= day(end)] for name, chain in (("defi", DEFI), ("wallet", WALLET))
    }
    window, prices = Window(day(start), day(end)), PriceBook()
    ledgers = [to_source_ledger(member, members, chains, prices, window) for member in members]
    return build_book([one.entries for one in ledgers], window=window, prices=prices)


def test_what_flowed_before_a_token_was_stood_for_does_not_depend_on_the_window() -> None:
    """10 came into the wallet at 1 and 5 left the stake at 1.2: 5 of the 10 moved, and 5 came from outside, at 1.

    On the second day the 20 in the wallet are stood for, and leave at 1.
    """
    first, second = CashFlow(day(1), Decimal(5)), CashFlow(day(2), Decimal(-20))
    assert measured(0.5, 1.5).flows == (first,)
    assert measured(0.5, 2.5).flows == (first, second)
    assert measured(1.5, 2.5).flows == (second,)
