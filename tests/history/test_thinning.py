"""Which statements are about other holdings than the one before."""

from decimal import Decimal

from holdfast.domain.ledger.statements import Line
from holdfast.history.snapshots import StoredLine, StoredSnapshot
from holdfast.history.thinning import changes_of
from tests.domain.world_of_one import day


def snapshot(number: int, *lines: Line, covers: tuple[str, ...] = ()) -> StoredSnapshot:
    at = day(number)
    stored = tuple(StoredLine("wallet", line) for line in lines)
    return StoredSnapshot(
        source="s", account="a", at=at, fetched_at=at, snapshot_id=str(number), covers=covers, lines=stored
    )


def test_a_value_beside_an_amount_of_0_comes_and_goes_as_one_without_an_amount_does() -> None:
    eth = Line("eth", "asset", Decimal(1), Decimal(9), Decimal(9))
    nothing, bare = Line("gbp", "asset", Decimal(0)), Line("gbp", "asset", Decimal(0), None, Decimal(5))
    said = [(eth,), (eth, nothing), (eth, bare), (eth, bare), (eth,), (eth, bare._replace(amount=None))]
    chain = [snapshot(number, *lines) for number, lines in enumerate(said)]
    assert changes_of({"s": chain}) == ({"s": [day(0), day(2), day(4), day(5)]}, set())


def test_who_covers_the_same_receipts_in_another_order_covers_no_others() -> None:
    said = [(), ("x", "y"), ("y", "x"), ("y",), ("y",)]
    chain = [snapshot(number, covers=covers) for number, covers in enumerate(said)]
    assert changes_of({"s": chain}).covers == {day(1), day(3)}
