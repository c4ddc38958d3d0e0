"""Where a chain makes several blocks a second, both ends of a transfer are still one instant: nothing was sold.

Seconds are counted from noon, four blocks to each; B has nothing to begin with.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from holdfast.domain.ledger.entries import Transfer, ledger
from holdfast.domain.ledger.statements import Line
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.returns.answers import CostBasisReturn, CostMethod, Window
from holdfast.domain.returns.book import Book, build_book
from holdfast.domain.returns.cost_basis import cost_basis
from holdfast.history.snapshots import Key, StoredLine, StoredSnapshot
from holdfast.history.statements import to_statement
from holdfast.history.transfers import Logged, LoggedTransfer, Stretch, to_feeds

CHAIN = "eip155:42161"
TOKEN = f"{CHAIN}/erc20:0x" + "c" * 40
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MS = timedelta(milliseconds=1)
COST_METHODS: Sequence[CostMethod] = ("average_cost", "fifo", "lifo", "hifo")


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def snapshot(source: str, block: int, amount: int) -> StoredSnapshot:
    line = StoredLine("wallet", Line(TOKEN, "asset", Decimal(amount)))
    when = at(block // 4)
    return StoredSnapshot(
        source=source, account=source, at=when, fetched_at=when, snapshot_id=f"{block}", covers=(), lines=(line,)
    )


def moved(source: str, block: int, delta: int, token: str = TOKEN) -> LoggedTransfer:
    return LoggedTransfer(source, False, block, at(block // 4), token, Decimal(delta), f"0x{block}")


Chains = dict[str, list[StoredSnapshot]]


def feeds(chains: Chains, *transfers: LoggedTransfer) -> dict[str, list[Transfer]]:
    blocks: dict[Key, int] = {
        (one.source, one.at, one.snapshot_id): int(one.snapshot_id) for chain in chains.values() for one in chain
    }
    by_source = {source: [one for one in transfers if one.source == source] for source in chains}
    stretches = {source: [Stretch(source, False, 0, 9999)] for source in chains}
    return to_feeds(chains, blocks, Logged(transfers=by_source, stretches=stretches))


def instants(feed: Sequence[Transfer]) -> list[tuple[datetime, int]]:
    return [(one.at, int(one.delta)) for one in feed]


A_LEFT = [snapshot("A", 400, 10), snapshot("A", 1000, 10), snapshot("A", 2000, 0)]
"""At 100 s it holds 10, at 250 s still; of block 1001, in the second of the last, it has sent them away."""


def measured(chains: Chains, *transfers: LoggedTransfer) -> Book:
    """10 bought at 100; quoted at 150 since 240 s."""
    prices = PriceBook({TOKEN: [Quote(at(0), Decimal(100)), Quote(at(240), Decimal(150))]})
    found = feeds(chains, *transfers)
    ledgers = [ledger([to_statement(one) for one in chain], prices, found[source]) for source, chain in chains.items()]
    return build_book(ledgers, window=Window(None, at(600)), prices=prices)


@pytest.mark.parametrize("method", COST_METHODS)
def test_a_transfer_behind_a_snapshot_of_its_own_second_realises_nothing(method: CostMethod) -> None:
    """10 cost 1000 and are worth 1500: the 500 are unrealised, and the 1000 are the only flow."""
    chains = {"A": A_LEFT, "B": [snapshot("B", 300, 0), snapshot("B", 1500, 10)]}
    sent, received = moved("A", 1001, -10), moved("B", 1001, 10)
    found = feeds(chains, sent, received)
    assert instants(found["A"]) == [(at(250) + MS, -10)]
    assert instants(found["B"]) == [(at(250) + MS, 10)]
    book = measured(chains, sent, received)
    answer = cost_basis(book, method)
    assert isinstance(answer, CostBasisReturn)
    assert (answer.realised, answer.unrealised, answer.gain) == (0, 500, 500)
    assert [flow.value for flow in book.flows] == [1000]


def test_one_of_an_earlier_block_of_the_second_stays_where_the_snapshot_has_it() -> None:
    """Of block 999 A's snapshot of block 1000 knows; of 1001 it does not. B has both between two of its own."""
    chains = {
        "A": [snapshot("A", 400, 10), snapshot("A", 1000, 7), snapshot("A", 2000, 5)],
        "B": [snapshot("B", 300, 0), snapshot("B", 1500, 5)],
    }
    sent = [moved("A", 1000, -3), moved("A", 1001, -2)]
    found = feeds(chains, *sent, moved("B", 1000, 3), moved("B", 1001, 2))
    assert instants(found["A"]) == [(at(250), -3), (at(250) + MS, -2)]
    assert instants(found["B"]) == [(at(250), 3), (at(250) + MS, 2)]


def test_none_is_later_than_the_snapshot_that_holds_it() -> None:
    """B has it already in block 1002, in the same second."""
    chains = {"A": A_LEFT, "B": [snapshot("B", 300, 0), snapshot("B", 1002, 10)]}
    assert instants(feeds(chains, moved("A", 1001, -10), moved("B", 1001, 10))["B"]) == [(at(250), 10)]


def test_another_chain_has_blocks_of_its_own() -> None:
    other = TOKEN.replace("42161", "10")
    elsewhere = [
        StoredSnapshot(
            source="B",
            account="B",
            at=at(second),
            fetched_at=at(second),
            snapshot_id=f"{block}",
            covers=(),
            lines=(StoredLine("wallet", Line(other, "asset", Decimal(amount))),),
        )
        for second, block, amount in ((75, 300, 0), (375, 1500, 10))
    ]
    found = feeds({"A": A_LEFT, "B": elsewhere}, moved("A", 1001, -10), moved("B", 1001, 10, other))
    assert instants(found["B"]) == [(at(250), 10)]
