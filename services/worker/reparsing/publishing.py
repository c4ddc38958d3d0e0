"""Corrections on their way out: each once, later than all that was said before, and nothing in a dry run."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from holdfast.domain.prices import Price
from holdfast.domain.time import Clock, to_ms
from holdfast.events import FetchRequested, PricesWithdrawn
from holdfast.events.codec import encode
from holdfast.events.event import Event
from holdfast.messaging.connection import connect
from holdfast.messaging.publishing import Publisher
from holdfast.settings.shared import NatsSettings
from services.worker.reparsing.correcting import Judged, Place, to_corrections
from services.worker.reparsing.prices import PriceChange, to_price
from services.worker.results import event_id, price_events

REMEMBERED = 10_000
"""Corrections of this run that need not be looked up."""
_MS = timedelta(milliseconds=1)


class Corrector:
    """Publishes what is corrected; connects when there is something."""

    def __init__(self, nats: NatsSettings, clock: Clock, stack: AsyncExitStack, *, dry_run: bool) -> None:
        self._nats = nats
        self._clock = clock
        self._stack = stack
        self._dry_run = dry_run
        self._publisher: Publisher | None = None
        self._said: dict[Place, str] = {}
        self._last: datetime | None = None

    def only_once(self, judged: Sequence[Judged]) -> list[Judged]:
        """What this run has said lately is said; the warehouse may not have heard it yet."""
        kept = []
        for one in judged:
            place = one.kind, (one.source, one.observed_at, one.platform)
            again = bool(one.events) and self._said.pop(place, "") == one.after
            kept.append(replace(one, verdict="same", events=()) if again else one)
            if one.events:
                self._said[place] = one.after
        while len(self._said) > REMEMBERED:
            self._said.pop(next(iter(self._said)))
        return kept

    async def publish(self, judged: Iterable[Judged], prices: Iterable[PriceChange] = ()) -> None:
        """Raises PublishError."""
        now = self._now()
        events: list[Event] = [event for one in judged for event in to_corrections(one, now=now)]
        events += to_price_events(prices, now=now, limit_bytes=self._nats.max_payload_bytes)
        if not events or self._dry_run:
            return
        if self._publisher is None:
            connection = await connect(self._nats, name="reparse")
            self._stack.push_async_callback(connection.close)
            self._publisher = Publisher(connection.js, producer="reparse", clock=self._clock)
        await self._publisher.publish_many(events)

    def _now(self) -> datetime:
        """Of two corrections of one instant the later one counts, however fast they follow."""
        now = to_ms(self._clock.now())
        self._last = now if self._last is None else max(now, self._last + _MS)
        return self._last


def to_price_events(changes: Iterable[PriceChange], *, now: datetime, limit_bytes: int) -> Iterator[Event]:
    """Of each fetch what it says, as if it had been fetched now; and what it does not say any more."""
    said: dict[str, tuple[FetchRequested, list[Price]]] = {}
    withdrawn: dict[tuple[str, datetime], tuple[FetchRequested, list[Price]]] = {}
    for change in changes:
        job = change.fetch.job
        if change.verdict in ("corrected", "new") and change.after is not None:
            said.setdefault(job.id, (job, []))[1].append(to_price(change.place, change.after))
        elif change.verdict == "withdrawn" and change.before is not None:
            price = to_price(change.place, change.before.price)
            withdrawn.setdefault((job.id, change.before.told_at), (job, []))[1].append(price)
    for job, prices in said.values():
        yield from price_events(job, prices, now, limit_bytes)
    for (_, until), (job, prices) in withdrawn.items():
        yield from _withdrawals(job, prices, until=until, now=now, limit_bytes=limit_bytes)


def _withdrawals(
    job: FetchRequested, prices: Sequence[Price], *, until: datetime, now: datetime, limit_bytes: int
) -> list[PricesWithdrawn]:
    """In halves where there are many, as prices are said."""
    content = msgspec.json.encode(prices).decode()
    event = PricesWithdrawn(
        id=event_id("withdrawn", job.tenant, job.provider, to_ms(until).isoformat(), content),
        tenant=job.tenant,
        provider=job.provider,
        until=to_ms(until),
        withdrawn_at=now,
        job_id=job.id,
        prices=tuple(prices),
    )
    if len(prices) == 1 or len(encode(event)) <= limit_bytes:
        return [event]
    half = len(prices) // 2
    parts = prices[:half], prices[half:]
    return [one for part in parts for one in _withdrawals(job, part, until=until, now=now, limit_bytes=limit_bytes)]
