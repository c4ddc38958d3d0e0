"""What each of the aggregator's streams goes through: events, and the side streams that are only kept."""

from collections.abc import Sequence

from msgspec import Struct

from holdfast.domain.time import Clock
from holdfast.events import BalancesObserved, FetchFailed, FetchFinished, ResponseRecorded, event_type
from holdfast.messaging.batches import Received
from holdfast.messaging.dead_letters import DeadLetterError, parse_death
from holdfast.messaging.publishing import Publisher
from holdfast.observability import metrics
from holdfast.observability.logs import logger
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import DeadLetterRow, FetchRow, RawResponseRow, Row, stored_time
from holdfast.warehouse.writer import write
from services.aggregator.batch import Arrival, Rejected, validate
from services.aggregator.commit import insert, settle
from services.aggregator.event_rows import to_fetch_row, to_raw_response_row
from services.aggregator.guards.noticing import Guard
from services.aggregator.prepared import Prepared, prepare
from services.aggregator.valuing import SnapshotKey

log = logger(__name__)


class EventWork(Struct, kw_only=True):
    arrivals: Sequence[Arrival]
    prepared: Prepared
    touched: set[SnapshotKey] = set()
    """Snapshots whose points it changes: known once it is inserted."""


class EventLine:
    """EVENTS: stored, valued, totalled, and told to whoever listens."""

    def __init__(
        self, warehouse: Warehouse, publisher: Publisher, guard: Guard, *, clock: Clock, ranking: Sequence[str]
    ) -> None:
        self._warehouse = warehouse
        self._guard = guard
        self._publisher = publisher
        self._clock = clock
        self._ranking = ranking

    def validate(self, messages: Sequence[Received]) -> tuple[list[Arrival], list[Rejected]]:
        return validate(messages)

    def prepare(self, items: Sequence[Arrival]) -> EventWork:
        return EventWork(arrivals=items, prepared=prepare(items))

    async def insert(self, work: EventWork) -> None:
        work.touched = await insert(self._warehouse, work.prepared, ranking=self._ranking)

    async def settle(self, works: Sequence[EventWork]) -> None:
        touched = {key for work in works for key in work.touched}
        revalued = await settle(self._warehouse, touched)
        await self._publisher.publish_many(revalued)
        reported = {key for work in works for key in _reported(work)}
        prices = [row for work in works for row in work.prepared.market]
        await self._guard.check({key[:2] for key in touched} | reported, prices=prices)
        await self._guard.watch(revalued)
        for arrival in (arrival for work in works for arrival in work.arrivals):
            self._count(arrival)

    def _count(self, arrival: Arrival) -> None:
        event = arrival.event
        metrics.events_consumed.labels(event_type(type(event)).name).inc()
        if isinstance(event, BalancesObserved):
            age_s = (self._clock.now() - event.observed_at).total_seconds()
            metrics.freshness_seconds.labels(event.provider).observe(max(0.0, age_s))


def _reported(work: EventWork) -> set[tuple[str, str]]:
    totals = {(row.source, row.observed_at) for row in work.prepared.reported}
    return totals | {(row.source, row.observed_at) for row in work.prepared.returns}


class RecordLine:
    """RESPONSES and FETCHES: one row for each message."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def validate(self, messages: Sequence[Received]) -> tuple[list[Arrival], list[Rejected]]:
        return validate(messages)

    def prepare(self, items: Sequence[Arrival]) -> Sequence[Row]:
        return [_record(item) for item in items]

    async def insert(self, work: Sequence[Row]) -> None:
        for kind in (RawResponseRow, FetchRow):
            await write(self._warehouse, [row for row in work if isinstance(row, kind)])

    async def settle(self, works: Sequence[object]) -> None:
        """Nothing follows from a record."""


class DeadItem(Struct, frozen=True, kw_only=True):
    sequence: int
    row: DeadLetterRow


class DeadLine:
    """DEAD, so that SQL sees it too. A letter that cannot be read is left to `holdfast dead`, never buried again."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def validate(self, messages: Sequence[Received]) -> tuple[list[DeadItem], list[Rejected]]:
        items = []
        for message in messages:
            try:
                items.append(DeadItem(sequence=message.sequence, row=_dead_letter(message)))
            except DeadLetterError as error:
                log.debug("not a dead letter", sequence=message.sequence, error=str(error))
        return items, []

    def prepare(self, items: Sequence[DeadItem]) -> Sequence[DeadLetterRow]:
        return [item.row for item in items]

    async def insert(self, work: Sequence[DeadLetterRow]) -> None:
        await write(self._warehouse, work)

    async def settle(self, works: Sequence[object]) -> None:
        """Nothing follows from a record."""


def _record(arrival: Arrival) -> Row:
    event = arrival.event
    if isinstance(event, ResponseRecorded):
        return to_raw_response_row(event)
    if isinstance(event, FetchFinished | FetchFailed):
        return to_fetch_row(event, recorded_at=arrival.recorded_at)
    raise TypeError(f"{type(event).__name__} does not travel on a side stream")


def _dead_letter(message: Received) -> DeadLetterRow:
    death = parse_death(message.headers)
    return DeadLetterRow(
        dead_seq=message.sequence,
        died_at=stored_time(death.died_at),
        stream=death.stream,
        consumer=death.consumer,
        origin_seq=death.sequence,
        subject=death.subject,
        reason=death.reason,
        message=death.message,
        payload=message.payload.decode("utf-8", errors="replace"),
    )
