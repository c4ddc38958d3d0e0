"""A price that is refused for asking too often is late, not missing: every endpoint and every view says so, and when.

One wallet, observed at 00:30 of the day before yesterday: XYZ and EUR-stated shares without a price, ETH with one that
is too old, USDC with one, and LOST that nobody quotes. The feed of XYZ, euros and
ETH asks too often at 00:20, which is recorded at 00:40, and has its answer at 01:59.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from holdfast.domain.balances import Balance
from holdfast.events import FetchFailed, FetchFinished
from holdfast.events.event import Event
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from holdfast.warehouse.rows import stored_time
from services.aggregator.batch import Arrival
from services.aggregator.closing.closer import Closer
from services.aggregator.lines import RecordLine
from services.aggregator.projection import Projector
from services.aggregator.settings import ClosingSettings
from tests.aggregator.test_any_arrival import Silent
from tests.api.conftest import World
from tests.api.worked_example import ETH, USDC, observed, priced, take_in
from tests.api.world import StoppedClock, insert

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCOUNT = "eip155:1:0x" + "5" * 40
XYZ, LOST, SHARE = ("eip155:1/erc20:0x" + digit * 40 for digit in "789")
DAY = datetime(2026, 2, 27, tzinfo=UTC)
WAITING = {"rate_limited": 3, "no_price": 1}
MISSING = {"no_price": 3, "stale": 1}
EVERYWHERE = ("total", "positions", "breakdown", "series", "five minutes", "marked", "returns", "attribution")


def clock(text: str) -> datetime:
    hours, minutes = text.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def wallet(world: World) -> None:
    store, warehouse = world.resources.store, world.resources.warehouse
    await store.add_account("acme", ACCOUNT, sources=[SourceChoice(provider="evm")])
    await store.put_portfolio("acme", "late", members=[Member(account=ACCOUNT)])
    await world.resources.watcher.wait_until(store.revision)
    projector = Projector(warehouse, Silent(), every_s=60)  # type: ignore[arg-type]
    await projector.reconcile(world.resources.registry)
    held = observed(ACCOUNT, clock("00:30"), {XYZ: "3", ETH: "1", USDC: "5", LOST: "2"})
    euros = Balance(asset=SHARE, kind="wallet", amount=Decimal(1), value=Decimal(10), currency="iso4217:EUR")
    stated: list[Event] = [
        priced(clock("00:30") - timedelta(days=3), {ETH: "2000"}),
        priced(clock("00:00"), {USDC: "1"}),
        replace(held, balances=(*held.balances, euros), lines=5),
    ]
    known = {"tenant": "acme", "portfolio": "late", "revision": store.revision, "deleted": False}
    await insert(warehouse, "registry_portfolio_revisions", [known | {"recorded_at": stored_time(DAY)}])
    await take_in(warehouse, stated, recorded_at=clock("00:31"))
    target = f"{XYZ}, {ETH},iso4217:EUR"
    await write_attempt(world, "00:20", target=target, error="RateLimited", recorded_at=clock("00:40"))
    await write_attempt(world, "01:59", target=target)


async def write_attempt(world: World, at: str, **more: Any) -> None:
    when = stored_time(clock(at))
    fetch = {"event_id": at, "tenant": "public", "provider": "defillama", "feed": "prices", "error": ""}
    times = {"started_at": when, "finished_at": when, "recorded_at": stored_time(more.pop("recorded_at", clock(at)))}
    await insert(world.resources.warehouse, "fetches", [fetch | times | more])


async def ask(world: World, path: str, **params: Any) -> Any:
    answer = await world.get(f"/v1/portfolios/late/{path}", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def reasons_at(world: World, at: datetime, known_at: datetime | None = None) -> dict[str, dict[str, int]]:
    """By who says it: lines without a value, by why."""
    known = {} if known_at is None else {"known_at": known_at.isoformat()}
    instant = {"at": at.isoformat()} | known
    until = {"to": at.isoformat(), "currency": "USD"} | known
    bucket = {"from": (at - timedelta(minutes=5)).isoformat(), "to": (at - timedelta(minutes=5)).isoformat()} | known
    hour = {"from": (at - timedelta(hours=1)).isoformat(), "to": (at - timedelta(hours=1)).isoformat()} | known
    lines = (await ask(world, "positions", **instant))["items"]
    assert all((line["reason"] is None) == (line["value"] is not None) for line in lines)
    said = {
        "total": (await ask(world, "total", **instant))["quality"]["reasons"],
        "positions": counted(line["reason"] for line in lines if line["reason"]),
        "breakdown": (await ask(world, "breakdowns/asset", **instant))["quality"]["reasons"],
        "series": (await ask(world, "series", **hour))["points"][0]["quality"]["reasons"],
        "five minutes": (await ask(world, "series", interval="5m", **bucket))["points"][0]["quality"]["reasons"],
        "marked": (await ask(world, "series", mark="true", **hour))["points"][0]["quality"]["reasons"],
        "returns": (await ask(world, "returns", **until))["quality"]["reasons"],
        "attribution": (await ask(world, "attribution", **until))["quality"]["reasons"],
    }
    assert tuple(said) == EVERYWHERE
    return said


def counted(reasons: Any) -> dict[str, int]:
    found = list(reasons)
    return {reason: found.count(reason) for reason in found}


@pytest.mark.parametrize(
    ("at", "expected"),
    [("01:00", WAITING), ("02:00", MISSING)],
    ids=["while it is refused", "once it has its answer"],
)
async def test_the_same_reasons_are_told_everywhere(world: World, at: str, expected: dict[str, int]) -> None:
    assert await reasons_at(world, clock(at)) == dict.fromkeys(EVERYWHERE, expected)


@pytest.mark.parametrize(
    ("at", "known_at", "expected"),
    [
        ("01:00", "00:35", MISSING),  # the refusal had not been recorded
        ("01:00", "00:45", WAITING),
        ("03:00", "01:00", WAITING),  # its end had not come
    ],
)
async def test_a_refusal_is_known_from_when_it_was_recorded(
    world: World, at: str, known_at: str, expected: dict[str, int]
) -> None:
    assert await reasons_at(world, clock(at), clock(known_at)) == dict.fromkeys(EVERYWHERE, expected)


async def test_returns_and_flows_wait_for_what_was_refused_at_the_flow(world: World) -> None:
    """All came at 00:30, while the feed was refused: whenever it is asked, that flow has no value for that reason."""
    until = {"to": clock("03:00").isoformat(), "currency": "USD"}
    flows = await ask(world, "flows", **until)
    assert {flow["asset"]: flow["reason"] or None for flow in flows["items"]} == {
        XYZ: "rate_limited", ETH: "rate_limited", SHARE: "rate_limited", LOST: "no_price", USDC: None,
    }  # fmt: skip
    assert flows["quality"]["reasons"] == WAITING
    [whole] = (await ask(world, "returns", **until))["items"]
    for one in whole["returns"]:
        at_flow = {
            missing["asset"]: missing["reason"] for missing in one["missing"] if missing["at"] < "2026-02-27T00:31"
        }
        assert at_flow == {} or at_flow[XYZ] == "rate_limited"
    parts = (await ask(world, "returns", by="asset", **until))["items"]
    why = {part["asset"]: {one["reason"] for one in part["returns"]} for part in parts}
    assert (why[XYZ], why[SHARE], why[LOST]) == ({"rate_limited"}, {"rate_limited"}, {"no_price"})


async def test_a_view_says_what_its_endpoint_says(world: World) -> None:
    rows = await world.resources.warehouse.query(
        "SELECT bucket, valued_at, reasons FROM value_series WHERE portfolio = 'late' ORDER BY bucket"
    )
    assert [(row["bucket"], dict(row["reasons"])) for row in rows] == [(clock("00:00"), WAITING)]
    [point] = (await ask(world, "series", **{"from": clock("00:00").isoformat(), "to": clock("00:00").isoformat()}))[
        "points"
    ]
    assert point["quality"]["reasons"] == WAITING
    [row] = await world.resources.warehouse.query("SELECT reasons FROM portfolio_value WHERE portfolio = 'late'")
    assert dict(row["reasons"]) == (await ask(world, "total"))["quality"]["reasons"] == MISSING
    known = await world.resources.warehouse.query(f"""
        SELECT reason, count() AS lines
        FROM positions_as_known(tenant = 'acme', portfolio = 'late', at = '{stored_time(clock("01:00"))}',
            known_at = '{stored_time(clock("00:45"))}', ranking = [])
        WHERE reason != '' GROUP BY reason
    """)
    assert {row["reason"]: row["lines"] for row in known} == WAITING


async def test_a_closed_day_keeps_the_reasons_of_its_end_and_of_its_flows(world: World) -> None:
    """The feed is refused again over midnight."""
    await write_attempt(world, "23:50", target=f"{XYZ},{ETH}", error="RateLimited")
    await write_attempt(world, "24:10", target=f"{XYZ},{ETH}")
    closer = Closer(
        world.resources.warehouse,
        StoppedClock(clock("30:00")),
        ClosingSettings(days=3, share=1, margin_s=0),
        ranking=(),
    )
    assert await closer.close_due() >= 1
    stored = await world.resources.warehouse.query(
        f"SELECT method, reason, reasons FROM portfolio_returns WHERE portfolio = 'late' AND day = '{DAY.date()}' "
        "AND span = 'all'"
    )
    answer = await ask(world, "returns", to=clock("24:00").isoformat(), currency="USD")
    assert {row["method"]: row["reason"] for row in stored} == {
        one["method"]: one["reason"] for one in answer["items"][0]["returns"]
    }
    assert {tuple(sorted(row["reasons"].items())) for row in stored} == {
        tuple(sorted(answer["quality"]["reasons"].items()))
    }
    assert answer["quality"]["reasons"]["rate_limited"] == 2
    flows = await world.resources.warehouse.query(
        f"SELECT asset, reason FROM portfolio_flows WHERE portfolio = 'late' AND day = '{date(2026, 2, 27)}'"
    )
    assert {row["asset"]: row["reason"] for row in flows} == {
        XYZ: "rate_limited", ETH: "rate_limited", SHARE: "rate_limited", LOST: "no_price", USDC: "",
    }  # fmt: skip


async def test_a_refusal_that_is_heard_of_when_its_day_is_closed_is_worked_into_it_once(world: World) -> None:
    """LOST is asked for in the evening: refused, and then answered without a price. Both come days later, and again."""
    closer = Closer(
        world.resources.warehouse,
        StoppedClock(clock("30:00")),
        ClosingSettings(days=3, share=1, margin_s=0),
        ranking=(),
    )
    await closer.close_due()
    before = await closed_reasons(world)
    with_refusal = {**before, "rate_limited": before.get("rate_limited", 0) + 1, "no_price": before["no_price"] - 1}
    expected = {reason: lines for reason, lines in with_refusal.items() if lines}
    for attempt, told in ((asked_for_lost("23:40", refused=True), expected), (asked_for_lost("23:55"), before)):
        await hear_of(world, attempt)
        assert await closer.close_due() >= 1
        assert await closed_reasons(world) == told
        answer = await ask(world, "returns", to=clock("24:00").isoformat(), currency="USD")
        assert answer["quality"]["reasons"] == told
        await hear_of(world, attempt)
        assert await closer.close_due() == 0


async def hear_of(world: World, attempt: FetchFailed | FetchFinished) -> None:
    line = RecordLine(world.resources.warehouse)
    await line.insert(line.prepare([Arrival(event=attempt, sequence=1, recorded_at=world.clock.now())]))


async def closed_reasons(world: World) -> dict[str, int]:
    [row] = await world.resources.warehouse.query(
        "SELECT DISTINCT reasons FROM portfolio_returns "
        f"WHERE portfolio = 'late' AND day = '{DAY.date()}' AND span = 'all'"
    )
    return dict(row["reasons"])


def asked_for_lost(at: str, *, refused: bool = False) -> FetchFailed | FetchFinished:
    event = {
        "id": at.replace(":", "").rjust(32, "0"), "tenant": "public", "job_id": "7" * 32, "provider": "coingecko",
        "feed": "prices", "target": LOST, "scope": "", "slot": clock(at), "lane": "due", "started_at": clock(at),
        "finished_at": clock(at), "attempts": 1,
    }  # fmt: skip
    if refused:
        return FetchFailed(**event, error="RateLimited", message="HTTP 429", outcome="retry")
    return FetchFinished(**event, requests=1, response_bytes=2, snapshots=0, lines=0)
