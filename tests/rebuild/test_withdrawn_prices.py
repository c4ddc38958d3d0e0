"""A rebuild leaves out prices that were taken back, just as the aggregator does when it hears of it."""

from holdfast.events import PricesObserved, PricesWithdrawn
from holdfast.rebuild import swap
from holdfast.warehouse.client import Warehouse
from tests.rebuild.stage import ETH, NOW, found, keep, priced, store

VALUES = (
    "SELECT DISTINCT toInt64(price_usd), reason FROM balances FINAL "
    "WHERE asset = {asset:String} AND observed_at > '2026-02-01 01:00:00'"
)
DAMAGE = (
    "INSERT INTO balances SELECT * REPLACE (1 AS price_usd) FROM balances FINAL "
    "WHERE asset = {asset:String} AND observed_at > '2026-02-01 01:00:00'"
)
WRONG = "SELECT count() FROM balances FINAL WHERE asset = {asset:String} AND price_usd = 1"


async def test_a_rebuild_says_the_same_as_was_worked_out_when_a_price_was_taken_back(warehouse: Warehouse) -> None:
    """What is wrong is put right with that in mind, and nothing else is found to be wrong."""
    await keep(warehouse)
    await store(warehouse, [withdrawn(priced(2, "2100.5"))])
    assert await warehouse.rows(VALUES, {"asset": ETH}) == [(2000, "")]
    await warehouse.command(DAMAGE, {"asset": ETH})
    assert {one.kind for one in await found(warehouse, "wrong")} == {"line"}
    await swap(warehouse, "wrong")
    assert await warehouse.rows(VALUES, {"asset": ETH}) == [(2000, "")]
    assert await warehouse.value(WRONG, {"asset": ETH}) == 0


def withdrawn(event: PricesObserved) -> PricesWithdrawn:
    return PricesWithdrawn(
        id=f"{int(event.id, 16) + 100:032x}", tenant="public", provider="feed", until=event.fetched_at,
        withdrawn_at=NOW, job_id=event.job_id, prices=event.prices,
    )  # fmt: skip
