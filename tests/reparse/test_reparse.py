"""A parser's mistake in the past, corrected from what upstream had really said; nothing is sent to anybody."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.domain.time import SystemClock
from holdfast.events import BalancesObserved, FetchRequested
from holdfast.events.codec import decode
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
from services.worker.reparsing.app import Report, Wish, reparse
from services.worker.results import Run, fetched_events, finished_event, response_events

OKX = discover()["okx"]
JOB = "a" * 32


class Wrong:
    """OKX's parser as it was before the mistake was found: it calls every debt an asset."""

    def __init__(self, right: Any) -> None:
        self._right = right

    async def fetch(self, target: Target) -> Fetched:
        fetched = await self._right.fetch(target)
        return replace(fetched, snapshots=tuple(_mistaken(one) for one in fetched.snapshots))


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
        await self.store(
            [
                event
                for event in fetched_events(run, fetched, finished_at=now, limit_bytes=1_000_000)
                if isinstance(event, BalancesObserved)
            ]
        )

    async def store(self, events: list[BalancesObserved]) -> None:
        arrivals = []
        for event in events:
            self._sequence += 1
            arrivals.append(Arrival(event=event, sequence=self._sequence, recorded_at=datetime.now(UTC)))
        await commit(self.warehouse, prepare(arrivals), ranking=[])

    async def reparse(self, module: ProviderModule = OKX, **wish: Any) -> Report:
        report = await reparse(
            self.configuration, Wish(providers=("okx",), **wish), clock=SystemClock(), catalogue={"okx": module}
        )
        await self.store(await self._published())
        return report

    async def _published(self) -> list[BalancesObserved]:
        events = []
        info = await self.connection.js.stream_info("EVENTS")
        for sequence in range(max(1, info.state.first_seq), info.state.last_seq + 1):
            message = await self.connection.js.get_msg("EVENTS", seq=sequence)
            events.append(decode(message.data or b"", BalancesObserved))
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
    assert (report.corrected, report.same, report.skipped) == (1, 0, ())
    [change] = report.changes
    assert change.before != change.after
    assert change.job_id == JOB
    assert await past.debts() == [1]
    assert await past.statements() == 2  # the mistaken one is still there


async def test_again_there_is_nothing_to_correct(past: Past) -> None:
    await past.fetch(WRONG)
    await past.reparse()
    again = await past.reparse()
    assert (again.corrected, again.same, again.changes) == (0, 1, ())
    assert await past.statements() == 2


async def test_what_was_right_is_left_alone(past: Past) -> None:
    await past.fetch(OKX)
    report = await past.reparse()
    assert (report.same, report.corrected, report.not_published) == (1, 0, 0)
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


Choice = dict[str, Any]


@pytest.mark.parametrize("wish", [
    {"account": "eip155:1:0x" + "9" * 40}, {"tenant": "rival"}, {"last": datetime(2020, 1, 1, tzinfo=UTC)},
    {"first": datetime(2190, 1, 1, tzinfo=UTC)},
])  # fmt: skip
async def test_only_what_was_asked_for_is_read_again(past: Past, wish: Choice) -> None:
    await past.fetch(WRONG)
    assert (await past.reparse(**wish)).fetches == 0
    assert await past.debts() == [0]
