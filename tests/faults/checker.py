"""What must hold when the faults are over: nothing lost, nothing unexpected, every number right.

The streams are the log of what was stored. From them, and from nothing else, every table is worked
out anew in plain Python Decimal and compared to the last digit.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from holdfast.domain.jobs import job_id
from holdfast.events import (
    BalancesObserved,
    FetchFailed,
    FetchFinished,
    PortfolioRevalued,
    PricesObserved,
    ResponseRecorded,
)
from holdfast.events.checks import InvalidMessageError, check
from holdfast.events.codec import UndecodableError
from holdfast.messaging import kv
from holdfast.messaging.declarations import CURSORS
from holdfast.registry.kv_keys import to_key
from holdfast.registry.schedules import Schedule, schedules_of
from holdfast.registry.state import RegistryState
from tests.aggregator.comparing import assert_tables_say
from tests.aggregator.expected import Arrived, Belongs, cut
from tests.faults.load import Load
from tests.faults.streams import Kept, events, read_stream
from tests.support.pipeline import Pipeline, until

_ALWAYS, _STILL = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

Identity = tuple[str, str, str, str, str]


class Record(Struct, kw_only=True):
    """All streams when nothing moves any more."""

    events: list[Kept]
    responses: list[Kept]
    fetches: list[Kept]
    portfolios: list[Kept]
    dead: list[Kept]


async def assert_whole(
    pipeline: Pipeline, load: Load, *, poison: Iterable[int] = (), poisoned_jobs: int = 0, drain_s: float = 240
) -> Record:
    """Drain, then hold everything to what the streams say.

    `poison`: sequences in EVENTS that are no events; `poisoned_jobs`: how many messages in JOBS were no jobs.
    """
    await until(pipeline.is_drained, what="nothing is pending", deadline_s=drain_s)
    js = pipeline.connection.js
    names = ("EVENTS", "RESPONSES", "FETCHES", "PORTFOLIOS", "DEAD")
    record = Record(**{name.lower(): await read_stream(js, name) for name in names})
    state = await pipeline.store.read()
    await _assert_jobs(pipeline, load, state, record)
    _assert_dead(record, set(poison), poisoned_jobs)
    good = [one for one in record.events if one.sequence not in set(poison)]
    await _assert_tables(pipeline, state, good)
    await _assert_side_tables(pipeline, good, record)
    await _assert_told(pipeline, record)
    return record


async def _assert_jobs(pipeline: Pipeline, load: Load, state: RegistryState, record: Record) -> None:
    finished = {event.job_id: event for event in events(record.fetches, FetchFinished)}
    assert len(finished) == len(events(record.fetches, FetchFinished)), "a job has finished twice"
    schedules = {schedule.identity: schedule for schedule in schedules_of(state)}
    scheduled = {id_ for id_, event in finished.items() if id_ == _scheduled(event, schedules)}
    lost = load.acknowledged - finished.keys()
    unexpected = finished.keys() - load.attempted - scheduled
    assert (lost, unexpected) == (set(), set())
    published = [await _last_job(pipeline, schedule) for schedule in schedules.values()]
    assert {id_ for id_ in published if id_ is not None} <= finished.keys(), "a scheduled job is lost"


def _scheduled(event: FetchFinished, schedules: Collection[Identity]) -> str | None:
    """The job's id worked out again, if it is of a schedule that there is."""
    identity = (event.tenant, event.provider, event.feed, event.target, event.scope)
    if event.lane != "due" or identity not in schedules:
        return None
    tenant, provider, feed, target, scope = identity
    return job_id(tenant=tenant, provider=provider, feed=feed, target=target, scope=scope, slot=event.slot)


async def _last_job(pipeline: Pipeline, schedule: Schedule) -> str | None:
    """The newest job that the scheduler says it has published."""
    bucket = await kv.bucket(pipeline.connection.js, CURSORS)
    entry = await kv.read(bucket, to_key("slot", schedule.identity))
    cursor = {} if entry is None or entry.value is None else msgspec.json.decode(entry.value)
    if not cursor.get("published"):
        return None
    tenant, provider, feed, target, scope = schedule.identity
    slot = datetime.fromisoformat(cursor["slot"])
    return job_id(tenant=tenant, provider=provider, feed=feed, target=target, scope=scope, slot=slot)


def _assert_dead(record: Record, poison: set[int], poisoned_jobs: int) -> None:
    """Each poison is buried once, and nothing else is."""
    deaths = [(_death(one)["stream"], _death(one)["sequence"]) for one in record.dead]
    assert {sequence for stream, sequence in deaths if stream == "EVENTS"} == poison
    assert len({death for death in deaths if death[0] == "JOBS"}) == poisoned_jobs
    assert len(deaths) == len(poison) + poisoned_jobs, "something else was buried, or something twice"
    assert {one.sequence for one in record.events if not _is_event(one)} <= poison


def _death(letter: Kept) -> dict[str, object]:
    death: dict[str, object] = msgspec.json.decode(letter.headers["Holdfast-Dead"])
    return death


def _is_event(kept: Kept) -> bool:
    try:
        check(kept.event)
    except (UndecodableError, InvalidMessageError):
        return False
    return True


async def _assert_tables(pipeline: Pipeline, state: RegistryState, kept: Sequence[Kept]) -> None:
    arrived = [
        Arrived(one.event, _ms(one.recorded_at))
        for one in kept
        if isinstance(one.event, BalancesObserved | PricesObserved)
    ]
    await assert_tables_say(pipeline.warehouse, arrived, list(_belongs(state)), ranking=(), now=datetime.now(UTC))


def _belongs(state: RegistryState) -> Iterator[Belongs]:
    """Worked out anew: in this world nobody joins or leaves, so a portfolio is the set of its accounts."""
    for (tenant, name), portfolio in state.portfolios.items():
        assert all(member.valid_from is member.valid_to is None for member in portfolio.members)
        for account in sorted(_accounts(state, tenant, name)):
            for setting in state.accounts[tenant, account].sources:
                if setting.counted and setting.feed == "balances":
                    source = f"{tenant}/{setting.provider}/{account}/{setting.scope}"
                    yield Belongs(name, source, _ALWAYS, _STILL)


def _accounts(state: RegistryState, tenant: str, portfolio: str) -> set[str]:
    members = state.portfolios[tenant, portfolio].members
    nested = [_accounts(state, tenant, one.portfolio) for one in members if one.portfolio is not None]
    return {one.account for one in members if one.account is not None}.union(*nested)


async def _assert_side_tables(pipeline: Pipeline, kept: Sequence[Kept], record: Record) -> None:
    """Tables that only keep what came, once; of prices what says something new, by a message that says it."""
    warehouse = pipeline.warehouse
    prices = await warehouse.rows("SELECT asset, quote, at, source, price, event_id FROM prices FINAL")
    stated = [
        (price.asset, price.quote, _ms(price.at), price.source or event.provider, cut(price.price), event.id)
        for event in events(kept, PricesObserved)
        for price in event.prices
    ]
    assert len(prices) == len(set(prices))
    assert set(prices) <= set(stated)
    assert {row[:-1] for row in prices} == {row[:-1] for row in stated}
    fetches = await warehouse.rows("SELECT event_id, outcome FROM fetches FINAL")
    ended = [(event.id, "finished") for event in events(record.fetches, FetchFinished)]
    ended += [(event.id, event.outcome) for event in events(record.fetches, FetchFailed)]
    assert sorted(fetches) == sorted(ended)
    bodies = await warehouse.rows("SELECT sha256, part, received_at FROM raw_responses FINAL")
    recorded = {(one.sha256, one.part, _ms(one.received_at)) for one in events(record.responses, ResponseRecorded)}
    assert sorted(bodies) == sorted(recorded)
    letters = await warehouse.rows("SELECT dead_seq, payload FROM dead_letters FINAL")
    assert sorted(letters) == sorted((one.sequence, one.payload.decode(errors="replace")) for one in record.dead)


async def _assert_told(pipeline: Pipeline, record: Record) -> None:
    """Whoever listens has heard the stored value of every point, and no point that is not there."""
    rows = await pipeline.warehouse.rows(
        "SELECT tenant, portfolio, bucket, toString(version), net FROM portfolio_totals FINAL"
    )
    told = {
        (one.tenant, one.portfolio, one.bucket, one.version, one.net)
        for one in events(record.portfolios, PortfolioRevalued)
    }
    assert set(rows) - told == set()
    assert {one[:3] for one in told} == {row[:3] for row in rows}


def _ms(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
