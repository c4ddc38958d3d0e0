"""The past of a source, cut into jobs: which windows, in which order, and how far they are published.

Windows lie on a grid that is the same for everybody: whoever asks for a stretch of the past that
somebody else has asked for builds the same windows, and so jobs with the same ids. Newest first,
because recent history is what people look at.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdfast.domain.jobs import JobWindow
from holdfast.events.jobs import FetchRequested
from holdfast.providers.kit.contract import History
from holdfast.registry.schedules import Schedule, to_request

KIND = "history"
"""Of the KV keys (registry.kv_keys.to_key) that records stand under, in the bucket `cursors`."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Span(Struct, frozen=True, kw_only=True):
    """A stretch of the past that was asked for, and how many of its windows are published."""

    since: datetime
    until: datetime
    every_s: int
    points: int
    published: int = 0

    def windows(self) -> list[JobWindow]:
        history = History(every_s=(self.every_s,), points=self.points)
        return plan_windows(history, self.since, self.until, self.every_s)

    def left(self) -> list[JobWindow]:
        return self.windows()[self.published :]


class Backfill(Struct, frozen=True, kw_only=True):
    """What of one source's past is still to be published."""

    planned_at: datetime
    """When the automatic one was planned: a source that was added since gets another."""
    spans: tuple[Span, ...] = ()

    def also(self, spans: Iterable[Span]) -> "Backfill":
        return replace(self, spans=(*self.spans, *spans))

    def left(self, most: int) -> list[JobWindow]:
        """The next windows to publish: those of one span, so that `published` can count them."""
        return self.spans[0].left()[:most] if self.spans else []

    def after(self, published: int) -> "Backfill":
        """Once so many windows of `left` are published; a span that is through is forgotten."""
        span = replace(self.spans[0], published=self.spans[0].published + published)
        return replace(self, spans=((span,) if span.left() else ()) + self.spans[1:])


def plan_windows(history: History, since: datetime, until: datetime, every_s: int) -> list[JobWindow]:
    """Windows of at most `history.points` instants, all multiples of the step in [since, until], newest first.

    The step is the finest that the history has and that is not finer than `every_s`.
    """
    step = timedelta(seconds=step_of(history, every_s))
    since = max(since, history.since) if history.since else since
    first, last = -((_EPOCH - since) // step), (until - _EPOCH) // step
    windows = []
    while last >= first:
        start = max(first, last // history.points * history.points)
        windows.append(
            JobWindow(start=_EPOCH + start * step, end=_EPOCH + last * step, every_s=step // timedelta(seconds=1))
        )
        last = start - 1
    return windows


def plan_span(history: History, since: datetime, until: datetime, every_s: int) -> Span:
    """The stretch as it can be had: at a step that there is, and not before there is anything."""
    since = max(since, history.since) if history.since else since
    return Span(since=since, until=until, every_s=step_of(history, every_s), points=history.points)


def step_of(history: History, every_s: int) -> int:
    """The finest step that is not finer than asked for, else the coarsest there is."""
    return min((step for step in history.every_s if step >= every_s), default=max(history.every_s))


def without(span: Span, pieces: Sequence[JobWindow]) -> list[Span]:
    """What of a span is left when pieces are taken out that are as fine or finer; newest first."""
    gaps: list[Span] = []
    until = span.until
    for piece in sorted(pieces, key=lambda piece: piece.end, reverse=True):
        if span.every_s % piece.every_s or piece.end < span.since or piece.start > until:
            continue
        if piece.end < until:
            gaps.append(replace(span, since=max(span.since, piece.end + _MOMENT), until=until))
        until = min(until, piece.start - _MOMENT)
    if until >= span.since:
        gaps.append(replace(span, until=until))
    return [gap for gap in gaps if gap.windows()]


def to_job(schedule: Schedule, window: JobWindow, *, now: datetime) -> FetchRequested:
    """The job of one window. Whoever builds it builds the same, with the same id."""
    return to_request(schedule, slot=window.end, lane="backfill", now=now, window=window)


def encode(backfill: Backfill) -> bytes:
    return _ENCODER.encode(backfill)


def decode(data: bytes) -> Backfill:
    """Raises msgspec.MsgspecError."""
    return _DECODER.decode(data)


def unpublished(backfill: Backfill | None) -> Iterator[JobWindow]:
    for span in backfill.spans if backfill else ():
        yield from span.left()


_MOMENT = timedelta(milliseconds=1)
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Backfill)
