"""A system that fetched with one parser and reads what it kept with another."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from holdfast.domain.time import SystemClock
from holdfast.events import FetchRequested
from holdfast.events.catalog import event_type_of
from holdfast.events.codec import decode
from holdfast.events.event import Event
from holdfast.messaging.connection import Connection
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.discovery import ProviderModule, discover
from holdfast.providers.kit.exchange import open_exchange
from holdfast.providers.kit.recording import Case, load_cases
from holdfast.providers.kit.testing import ReplayUpstream, run_case
from holdfast.settings import Configuration
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.writer import write
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.event_rows import to_fetch_row, to_raw_response_row
from services.aggregator.prepared import prepare
from services.worker.reparsing.app import Progress, Wish, reparse
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
        await self.hear(module, one, request)

    async def hear(self, module: ProviderModule, one: Case, request: FetchRequested) -> None:
        """What a job was answered, as that parser read it then."""
        now = one.now
        run = Run(job=request, attempt=1, started_at=now)
        with open_exchange() as exchange:
            fetched = await run_case(module, one, ReplayUpstream(one.exchanges))
        responses = response_events(run, exchange.responses, limit_bytes=1_000_000)
        await write(self.warehouse, [to_raw_response_row(response) for response in responses])
        finished = finished_event(run, fetched, finished_at=now, requests=2, response_bytes=9)
        await write(self.warehouse, [to_fetch_row(finished, recorded_at=now)])
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
            Wish(providers=(module.name,), **wish),
            clock=SystemClock(),
            catalogue={module.name: module},
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
