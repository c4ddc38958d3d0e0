"""What the examples of docs/sql.md ask for beyond the small world, written by hand like it."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from holdfast.events import PricesObserved
from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.closing.closer import Closer
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from services.aggregator.settings import ClosingSettings
from tests.api.cluster_world import MINNOWS, WHALES, statement
from tests.api.contract_notices import write_notices, write_reports
from tests.api.contract_origins import write_origins
from tests.api.worked_example import day, example, take_in
from tests.api.world import USDC, XYZ, A, StoppedClock, at, insert, write_membership
from tests.support.transfers import stated, transfer

TOKEN = "eip155:1/erc20:0x4d5f47fa6a74757f35c14fd3a6ef8e3c9bc514e8"


async def write_what_examples_ask_for(warehouse: Warehouse) -> None:
    await write_origins(warehouse)
    await write_reports(warehouse)
    await write_notices(warehouse)
    await _write_clusters(warehouse)
    await _write_ruled_portfolio(warehouse)
    await _write_closed_days(warehouse)
    await _write_transfers(warehouse)


async def _write_transfers(warehouse: Warehouse) -> None:
    """Two statements of which the second replaces the last blocks of the first."""
    first = stated(100, 150, 1800, transfer(120, 3, "250.5"), transfer(149, 1, "7"))
    second = stated(140, 170, 2100, transfer(150, 0, "6.999999"), fork="b")
    arrivals = [
        Arrival(event=replace(event, account=A), sequence=1, recorded_at=event.fetched_at) for event in (first, second)
    ]
    await commit(warehouse, prepare(arrivals), ranking=())


async def _write_closed_days(warehouse: Warehouse) -> None:
    """The worked example of docs/returns.md, of a tenant of its own, some days later."""
    source = f"school/evm/{A}/wallet"
    await write_membership(warehouse, "worked", [source], revision=1, tenant="school")
    events = [one if isinstance(one, PricesObserved) else replace(one, tenant="school") for one in example(A)]
    await take_in(warehouse, events, recorded_at=day(4))
    settings = ClosingSettings(share=1, after_s=0)
    await Closer(warehouse, StoppedClock(day(3)), settings, ranking=()).close_due()


async def _write_clusters(warehouse: Warehouse) -> None:
    noon, day = datetime(2026, 3, 1, 12, tzinfo=UTC), timedelta(days=1)
    events = [
        statement("acme", TOKEN, noon, WHALES, MINNOWS, whole=True),
        statement("acme", TOKEN, noon + day, WHALES, whole=True),
    ]
    arrivals = [Arrival(event=one, sequence=place, recorded_at=one.fetched_at) for place, one in enumerate(events, 1)]
    await commit(warehouse, prepare(arrivals), ranking=())


async def _write_ruled_portfolio(warehouse: Warehouse) -> None:
    """Set 1 excludes USDC in `family` alone, and XYZ in all."""
    rules = [
        {"asset": USDC, "action": "exclude", "portfolio": "family", "why": "held for somebody else"},
        {"asset": XYZ, "action": "exclude", "portfolio": "", "why": "spam"},
    ]
    await insert(
        warehouse,
        "registry_rule_sets",
        [{"tenant": "acme", "number": 1, "note": "", "created_at": at("12:00"), "rules": rules}],
    )
