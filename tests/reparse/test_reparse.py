"""A parser's mistake in the past, corrected from what upstream had really said; nothing is sent to anybody."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.domain.time import SystemClock
from holdfast.events import FetchRequested, ReturnsReported
from holdfast.events.catalog import event_type_of
from holdfast.events.codec import decode
from holdfast.events.event import Event
from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.streams import migrate
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.discovery import ProviderModule, discover
from holdfast.providers.kit.exchange import open_exchange
from holdfast.providers.kit.recording import Case, load_cases
from holdfast.providers.kit.testing import ReplayUpstream, run_case
from holdfast.settings import Configuration
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.writer import write
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.event_rows import to_fetch_row, to_raw_response_row
from services.aggregator.prepared import prepare
from services.worker.reparsing.app import Progress, Wish, reparse
from services.worker.reparsing.correcting import judge, keys_of
from services.worker.reparsing.keeping import KeptFetch, Sizes, read_current
from services.worker.reparsing.replaying import Replayed
from services.worker.reparsing.reporting import Report, Tally
from services.worker.results import Run, fetched_events, finished_event, response_events

OKX = discover()["okx"]
JOB = "a" * 32
TOTALS = 4
"""That OKX reports with the recorded statement: the whole, and one of each platform."""


class Wrong:
    """OKX's parser as it was before the mistake was found: it calls every debt an asset."""

    def __init__(self, right: Any) -> None:
        self._right = right

    async def fetch(self, target: Target) -> Fetched:
        fetched = await self._right.fetch(target)
        return replace(fetched, snapshots=tuple(_mistaken(one) for one in fetched.snapshots))  # type: ignore[no-any-return]


class WrongTotals(Wrong):
    """It reads every total as ten times what it is."""

    async def fetch(self, target: Target) -> Fetched:
        fetched = await self._right.fetch(target)
        totals = (replace(one, total=None if one.total is None else one.total * 10) for one in fetched.totals)
        return replace(fetched, totals=tuple(totals))  # type: ignore[no-any-return]


def _mistaken(snapshot: Any) -> Any:
    return replace(snapshot, balances=tuple(replace(line, side="asset") for line in snapshot.balances))


WRONG = replace(OKX, build=lambda settings, session, clock: Wrong(OKX.build(settings, session, clock)))


def case() -> Case:
    [found] = [one for name, one in load_cases(OKX.folder).items() if "lending with debt" in name]
    return found


class Past:
    """A system that has fetched, with one parser, and kept what it heard."""

    def __init__(self, warehouse: Warehouse, connection: Connection, configuration: Configuration) -> None:
        self.warehouse = warehouse
        self.connection = connection
        self.configuration = configuration
        self._sequence = 0

    async def fetch(self, module: ProviderModule, *, job: str = JOB, later: timedelta = timedelta()) -> None:
        """One fetch, and everything that the aggregator stores of it."""
        now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2) + later
        one = replace(case(), now=now)
        target = one.target
        request = FetchRequested(
            id=job, tenant="acme", provider="okx", feed="balances", target=target.target, scope=target.scope,
            slot=now, lane="due", requested_at=now,
        )  # fmt: skip
        run = Run(job=request, attempt=1, started_at=now)
        with open_exchange() as exchange:
            fetched = await run_case(module, one, ReplayUpstream(one.exchanges))
        responses = response_events(run, exchange.responses, limit_bytes=1_000_000)
        await write(self.warehouse, [to_raw_response_row(response) for response in responses])
        finished = finished_event(run, fetched, finished_at=now, requests=2, response_bytes=9)
        await write(self.warehouse, [to_fetch_row(finished)])
        await self.store(fetched_events(run, fetched, finished_at=now, limit_bytes=1_000_000))

    async def store(self, events: Sequence[Event]) -> None:
        arrivals = []
        for event in events:
            self._sequence += 1
            arrivals.append(Arrival(event=event, sequence=self._sequence, recorded_at=datetime.now(UTC)))
        await commit(self.warehouse, prepare(arrivals), ranking=[])

    async def reparse(
        self, module: ProviderModule = OKX, *, progress: Progress | None = None, tally: Tally | None = None, **wish: Any
    ) -> Report:
        report = await reparse(
            self.configuration,
            Wish(providers=("okx",), **wish),
            clock=SystemClock(),
            catalogue={"okx": module},
            progress=progress,
            tally=tally,
        )
        await self.settle()
        return report

    async def settle(self) -> None:
        """What was published is stored."""
        await self.store(await self._published())

    async def _published(self) -> list[Event]:
        events: list[Event] = []
        info = await self.connection.js.stream_info("EVENTS")
        for sequence in range(max(1, info.state.first_seq), info.state.last_seq + 1):
            message = await self.connection.js.get_msg("EVENTS", seq=sequence)
            kind = event_type_of(message.subject or "")
            assert kind is not None
            events.append(decode(message.data or b"", kind.struct))
        await self.connection.js.purge_stream("EVENTS")
        return events

    async def debts(self) -> list[int]:
        """How many lines of the current statement are debt."""
        rows = await self.warehouse.rows(
            "SELECT countIf(side = 'debt') FROM balances FINAL WHERE (source, observed_at, snapshot_id) IN "
            "(SELECT source, observed_at, snapshot_id FROM latest_snapshots FINAL)"
        )
        return [row[0] for row in rows]

    async def statements(self) -> int:
        return int(await self.warehouse.value("SELECT count() FROM snapshots FINAL"))


@pytest.fixture
async def past(
    warehouse: Warehouse, nats_settings: NatsSettings, clickhouse_settings: ClickHouseSettings
) -> AsyncIterator[Past]:
    connection = await connect(nats_settings, name="test-reparse")
    await migrate(connection.js, [])
    configuration = Configuration(
        {
            "nats": {"url": nats_settings.url},
            "clickhouse": {
                "url": clickhouse_settings.url,
                "database": clickhouse_settings.database,
                "user": clickhouse_settings.user,
                "password": clickhouse_settings.password.reveal(),
            },
            "providers": {"okx": case().settings},
        }
    )
    yield Past(warehouse, connection, configuration)
    await connection.close()


async def test_a_mistake_of_the_past_is_corrected_and_what_was_known_before_stays_known(past: Past) -> None:
    await past.fetch(WRONG)
    assert await past.debts() == [0]
    report = await past.reparse()
    assert (report.corrected, report.same, report.skipped) == (1, TOTALS, ())
    [change] = report.changes
    assert change.before != change.after
    assert change.job_id == JOB
    assert await past.debts() == [1]
    assert await past.statements() == 2  # the mistaken one is still there


async def test_again_there_is_nothing_to_correct(past: Past) -> None:
    await past.fetch(WRONG)
    await past.reparse()
    again = await past.reparse()
    assert (again.corrected, again.same, again.changes) == (0, 1 + TOTALS, ())
    assert await past.statements() == 2


@pytest.mark.parametrize("few", [1, 50])
async def test_several_fetches_that_said_the_same_are_corrected_once(past: Past, few: int) -> None:
    for number in range(3):
        await past.fetch(WRONG, job=f"{number:032x}", later=-timedelta(hours=number))
    report = await past.reparse(sizes=Sizes(few=few))
    assert (len(report.changes), report.not_published) == (1, 0)
    assert await past.debts() == [1]
    assert await past.statements() == 2


async def test_what_was_right_is_left_alone(past: Past) -> None:
    await past.fetch(OKX)
    report = await past.reparse()
    assert (report.same, report.corrected, report.not_published) == (1 + TOTALS, 0, 0)
    assert await past.statements() == 1


async def test_a_dry_run_tells_what_it_would_do_and_does_nothing(past: Past) -> None:
    await past.fetch(WRONG)
    report = await past.reparse(dry_run=True)
    assert (report.corrected, report.dry_run) == (1, True)
    assert await past.debts() == [0]
    assert (await past.reparse()).corrected == 1


async def test_only_the_last_of_several_fetches_of_one_instant_counts(past: Past) -> None:
    """The first said it right, the second, of the same instant, was read wrongly: one correction, of the second."""
    await past.fetch(OKX)
    await past.fetch(WRONG, job="b" * 32, later=timedelta(minutes=5))
    report = await past.reparse()
    assert [change.job_id for change in report.changes] == ["b" * 32]
    assert await past.debts() == [1]


async def test_a_statement_whose_own_answers_are_gone_is_never_overruled_by_an_older_fetch(past: Past) -> None:
    await past.fetch(OKX)
    await past.fetch(WRONG, job="c" * 32, later=timedelta(minutes=5))
    await past.warehouse.command("DELETE FROM exchanges WHERE job_id = {job:String}", {"job": "c" * 32})
    report = await past.reparse()
    assert (report.kept, report.corrected) == (1, 0)


@pytest.mark.parametrize("table", ["exchanges", "raw_responses"])
async def test_a_fetch_that_lacks_an_answer_is_told_and_left_alone(past: Past, table: str) -> None:
    await past.fetch(WRONG)
    await past.warehouse.command(
        f"DELETE FROM {table} WHERE sha256 = (SELECT sha256 FROM exchanges ORDER BY place DESC LIMIT 1)"
    )
    report = await past.reparse()
    [skipped] = report.skipped
    assert "not recorded" in skipped.why
    assert report.corrected == 0


async def test_a_parser_that_now_refuses_what_it_took_is_told(past: Past) -> None:
    await past.fetch(OKX)

    class Refusing:
        async def fetch(self, target: Target) -> Fetched:
            from holdfast.providers.kit.errors import UnexpectedResponseError  # noqa: PLC0415

            raise UnexpectedResponseError("no longer understood")

    report = await past.reparse(replace(OKX, build=lambda *_: Refusing()))
    assert [one.why for one in report.skipped] == ["UnexpectedResponseError: no longer understood"]


class Forgetful:
    """Asks for the detail once in its life, as a provider that remembers decimals; the list each time."""

    def __init__(self, build: Any) -> None:
        self._right = build
        self._learned: Any = None

    async def fetch(self, target: Target) -> Fetched:
        if self._learned is None:
            self._learned = await self._right.fetch(target)
        return self._learned  # type: ignore[no-any-return]


async def test_what_a_provider_asked_once_in_the_life_of_its_process_is_learned_again(past: Past) -> None:
    """The second fetch heard nothing, because its provider knew all from the first; each alone would have to ask."""
    module = replace(OKX, build=lambda *built: Forgetful(OKX.build(*built)))
    await past.fetch(OKX)
    await past.fetch(OKX, job="d" * 32, later=timedelta(minutes=30))
    await past.warehouse.command("DELETE FROM exchanges WHERE job_id = {job:String} AND place > 0", {"job": "d" * 32})
    started = datetime.now(UTC) - timedelta(minutes=100)
    report = await past.reparse(module, first=started)
    assert (report.fetches, report.skipped) == (1, ())


async def test_a_total_that_was_read_wrongly_is_corrected_too(past: Past) -> None:
    await past.fetch(replace(OKX, build=lambda *built: WrongTotals(OKX.build(*built))))
    sql = "SELECT platform, total FROM reported_totals_current ORDER BY platform"
    wrong = await past.warehouse.rows(sql)
    report = await past.reparse()
    assert (report.corrected, report.same, report.not_published) == (TOTALS, 1, 0)
    assert {change.kind for change in report.changes} == {"total"}
    right = await past.warehouse.rows(sql)
    assert [total * 10 for _, total in right] == [total for _, total in wrong]
    assert (await past.reparse()).same == 1 + TOTALS


class Steps:
    """What a run tells as it goes on."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def begin(self, provider: str, fetches: int) -> None:
        self.told.append(fetches)

    def advance(self, fetches: int) -> None:
        self.told.append(fetches)


class Timed:
    """States the hour of its clock, and no totals."""

    def __init__(self, right: Any, clock: Any) -> None:
        self._right, self._clock = right, clock

    async def fetch(self, target: Target) -> Fetched:
        fetched = await self._right.fetch(target)
        hour = self._clock.now().replace(minute=0, second=0, microsecond=0)
        snapshots = tuple(replace(one, observed_at=hour) for one in fetched.snapshots)
        return replace(fetched, snapshots=snapshots, totals=())  # type: ignore[no-any-return]


TIMED = replace(OKX, build=lambda settings, session, clock: Timed(OKX.build(settings, session, clock), clock))
TIMED_WRONG = replace(OKX, build=lambda settings, session, clock: Wrong(TIMED.build(settings, session, clock)))


async def fetched_hourly(past: Past, count: int) -> None:
    for number in range(count):
        await past.fetch(TIMED_WRONG, job=f"{number:032x}", later=-timedelta(hours=number))


@pytest.mark.parametrize(
    ("sizes", "steps"),
    [
        (Sizes(), [5, 5]),
        (Sizes(page=2), [5, 2, 2, 1]),
        (Sizes(few=1), [5, 1, 1, 1, 1, 1]),
        (Sizes(few_bytes=1), [5, 1, 1, 1, 1, 1]),
        (Sizes(page=5, few_bytes=18), [5, 2, 2, 1]),
    ],
)
async def test_whatever_is_in_memory_at_once_the_same_is_corrected(past: Past, sizes: Sizes, steps: list[int]) -> None:
    """Of each fetch 9 bytes are said to have come."""
    await fetched_hourly(past, 5)
    told = Steps()
    report = await past.reparse(TIMED, progress=told, sizes=sizes)
    assert (report.fetches, report.corrected, told.told) == (5, 5, steps)
    assert (await past.reparse(TIMED, sizes=sizes)).corrected == 0


class Failing:
    """The network is gone when the third is asked for."""

    def __init__(self, right: Any) -> None:
        self._right, self._left = right, 2

    async def fetch(self, target: Target) -> Fetched:
        if not self._left:
            raise OSError("gone")
        self._left -= 1
        return await self._right.fetch(target)  # type: ignore[no-any-return]


async def test_a_run_that_is_cut_short_has_corrected_what_it_reached_and_another_goes_on(past: Past) -> None:
    await fetched_hourly(past, 5)
    tally, one = Tally(), Sizes(few=1)
    with pytest.raises(OSError, match="gone"):
        await past.reparse(replace(TIMED, build=lambda *built: Failing(TIMED.build(*built))), tally=tally, sizes=one)
    await past.settle()
    assert tally.fetches == 2
    assert tally.reached is not None
    report = await past.reparse(TIMED, first=tally.reached)
    assert (report.fetches, report.corrected) == (4, 3)
    assert await past.statements() == 10


async def test_returns_are_held_against_what_is_current(warehouse: Warehouse) -> None:
    """Corrected only where the fetch said it last: the second fetch's word stands against the first's."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    first, second = kept_fetch("a" * 32, at), kept_fetch("b" * 32, at + timedelta(minutes=5))
    stored = [returned(first, at, "10"), returned(second, at, "20")]
    await commit(warehouse, prepare([Arrival(event=one, sequence=1, recorded_at=at) for one in stored]), ranking=[])
    for fetch, total, verdict in ((first, "30", "kept"), (second, "30", "corrected"), (second, "20", "same")):
        replayed = [Replayed(fetch=fetch, said=(returned(fetch, at, total),))]
        keys = keys_of(replayed)["returns"]
        current = {("returns", key): found for key, found in (await read_current(warehouse, "returns", keys)).items()}
        [judged] = judge(replayed, current)  # type: ignore[arg-type]
        assert (judged.verdict, judged.before) == (verdict, stored[1].id)


def kept_fetch(job: str, at: datetime) -> KeptFetch:
    request = FetchRequested(
        id=job, tenant="acme", provider="credmark", feed="balances", target=case().target.target, scope="wallet",
        slot=at, lane="due", requested_at=at,
    )  # fmt: skip
    return KeptFetch(job=request, started_at=at, finished_at=at + timedelta(seconds=9), attempts=1, response_bytes=9)


def returned(fetch: KeptFetch, at: datetime, total: str) -> ReturnsReported:
    job = fetch.job
    return ReturnsReported(
        id=f"{total:0>32}", tenant=job.tenant, provider=job.provider, account=job.target, scope=job.scope,
        observed_at=at, fetched_at=fetch.finished_at, job_id=job.id, quote="iso4217:USD", total_return=Decimal(total),
        items=(),
    )  # fmt: skip


Choice = dict[str, Any]


@pytest.mark.parametrize("wish", [
    {"account": "eip155:1:0x" + "9" * 40}, {"tenant": "rival"}, {"last": datetime(2020, 1, 1, tzinfo=UTC)},
    {"first": datetime(2190, 1, 1, tzinfo=UTC)},
])  # fmt: skip
async def test_only_what_was_asked_for_is_read_again(past: Past, wish: Choice) -> None:
    await past.fetch(WRONG)
    assert (await past.reparse(**wish)).fetches == 0
    assert await past.debts() == [0]
