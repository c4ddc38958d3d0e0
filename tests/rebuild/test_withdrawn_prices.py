"""A rebuild leaves out prices that were taken back, just as the aggregator does when it hears of it."""

from holdfast.events import PricesObserved, PricesWithdrawn
from holdfast.rebuild import swap
from holdfast.warehouse.client import Warehouse
from tests.rebuild.stage import ETH, NOW, found, keep, priced, store

VALUES = (
    "SELECT DISTINCT toInt64(price_usd), reason FROM balances FINAL "
    "WHERE asset = {asset:String} AND observed_at > '2026-02-01 01:00:00'"
)
DAMAGE = "INSERT INTO balances SELECT * REPLACE (1 AS price_usd) FROM balances FINAL WHERE asset = {asset:String}"


async def test_a_rebuild_says_the_same_as_was_worked_out_when_prices_were_taken_back(warehouse: Warehouse) -> None:
    """The newer one, then the one before it too; and what is wrong is put right with that in mind."""
    await keep(warehouse)
    asked = {"asset": ETH}
    for run, (hour, price, stands) in enumerate(((2, "2100.5", [(2000, "")]), (0, "2000", [(None, "no_price")]))):
        await store(warehouse, [withdrawn(priced(hour, price))])
        assert await warehouse.rows(VALUES, asked) == stands
        assert await found(warehouse, f"same-{run}") == []
        await warehouse.command(DAMAGE, asked)
        assert await found(warehouse, f"wrong-{run}") != []
        await swap(warehouse, f"wrong-{run}")
        assert await warehouse.rows(VALUES, asked) == stands


def withdrawn(event: PricesObserved) -> PricesWithdrawn:
    return PricesWithdrawn(
        id=f"{int(event.id, 16) + 100:032x}", tenant="public", provider="feed", until=event.fetched_at,
        withdrawn_at=NOW, job_id=event.job_id, prices=event.prices,
    )  # fmt: skip
