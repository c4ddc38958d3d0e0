"""Done, but the caller got an error: every write may have happened although it failed."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from holdfast.domain.balances import Balance
from holdfast.domain.prices import Price
from holdfast.events import PricesObserved
from holdfast.registry.records import Account, Member, Portfolio, SourceSetting
from holdfast.registry.state import RegistryState
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.errors import WarehouseUnavailable
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from services.aggregator.projection import Projector
from tests.aggregator.comparing import assert_tables_say
from tests.aggregator.expected import Arrived, Belongs
from tests.aggregator.stage import START, account, snapshots
from tests.aggregator.test_any_arrival import Silent
from tests.aggregator.worlds import RANKING


class Treacherous:
    """A warehouse that does what it is told and then, one time in three, says that it could not."""

    def __init__(self, honest: Warehouse) -> None:
        self._honest = honest
        self._chance = random.Random(16)
        self.lies = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._honest, name)

    async def insert_json(self, table: str, body: bytes, **how: object) -> None:
        await self._honest.insert_json(table, body, **how)  # type: ignore[arg-type]
        if self._chance.random() < 1 / 3:
            self.lies += 1
            raise WarehouseUnavailable("connection lost after the insert")


async def test_an_insert_that_was_done_and_reported_failed_changes_nothing_when_repeated(
    clickhouse_settings: ClickHouseSettings, warehouse: Warehouse
) -> None:
    del clickhouse_settings
    liar = Treacherous(warehouse)
    eth = "eip155:1/slip44:60"
    unpriced = tuple(Balance(asset=eth, kind="wallet", amount=Decimal(n)) for n in range(3))
    events: list = [replace(event, balances=unpriced) for event in snapshots(12, sources=3)]
    events += [
        PricesObserved(
            id=f"{n:032x}",
            tenant="public",
            provider="prices",
            fetched_at=START,
            job_id="0" * 32,
            prices=(Price(asset=eth, at=START + timedelta(minutes=n * 10), price=Decimal(n + 1), source="feed_a"),),
        )
        for n in range(3)
    ]
    arrived = [Arrived(event, START + timedelta(days=1, seconds=n)) for n, event in enumerate(events)]
    projector = Projector(liar, Silent(), every_s=60)  # type: ignore[arg-type]
    await _until_believed(lambda: projector.reconcile(_registry()))
    for start in range(0, len(arrived), 4):
        batch = [
            Arrival(event=one.event, sequence=1, recorded_at=one.recorded_at) for one in arrived[start : start + 4]
        ]
        await _until_believed(lambda b=batch: commit(liar, prepare(b), ranking=RANKING))  # type: ignore[misc]
    assert liar.lies > 3
    always, still = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
    belongs = [Belongs("main", f"acme/alpha/{account(n)}/defi", always, still) for n in range(3)]
    await assert_tables_say(warehouse, arrived, belongs)


async def _until_believed(act) -> None:
    """As the intake does: repeat until it is known to be done."""
    while True:
        try:
            await act()
        except WarehouseUnavailable:
            continue
        return


def _registry() -> RegistryState:
    settings = (SourceSetting(provider="alpha", scope="defi", every_s=60),)
    names = [account(n) for n in range(3)]
    return RegistryState(
        revision=5,
        accounts={
            ("acme", name): Account(tenant="acme", id=name, spelling=name, sources=settings, created_at=START)
            for name in names
        },
        portfolios={
            ("acme", "main"): Portfolio(
                tenant="acme", id="main", name="m", members=tuple(Member(account=n) for n in names), created_at=START
            )
        },
    )
