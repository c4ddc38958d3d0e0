"""What is to be fetched: the identity of a fetch job."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct

from holdfast.domain.time import to_ms

Lane = Literal["now", "due", "backfill"]
LANES: tuple[Lane, ...] = ("now", "due", "backfill")
"""In the order in which a worker takes them."""

Feed = str
"""`balances`, `prices`, `token_clusters` …: an open set, one module of a provider's folder each."""


class JobWindow(Struct, frozen=True, kw_only=True):
    """A piece of history: instants from `start` to `end`, both included, `every_s` apart, anchored at `end`."""

    start: Annotated[datetime, Meta(tz=True)]
    end: Annotated[datetime, Meta(tz=True)]
    every_s: Annotated[int, Meta(ge=1)]

    @property
    def instants(self) -> int:
        """How many there are; none if it ends before it starts."""
        return max(0, (self.end - self.start) // timedelta(seconds=self.every_s) + 1)

    def each(self) -> Iterator[datetime]:
        """The instants, the newest first."""
        return (self.end - number * timedelta(seconds=self.every_s) for number in range(self.instants))

    def holds(self, at: datetime) -> bool:
        """Whether something observed then belongs to it: an instant is answered by what held just before it."""
        return self.start - timedelta(seconds=self.every_s) < at <= self.end


def job_id(
    *,
    tenant: str,
    provider: str,
    feed: Feed,
    target: str,
    scope: str,
    slot: datetime,
    window: JobWindow | None = None,
) -> str:
    """32 hex digits: the same work in the same slot is the same job, whoever asks."""
    parts = [tenant, provider, feed, target, scope, to_ms(slot).isoformat()]
    if window is not None:
        parts += [to_ms(window.start).isoformat(), to_ms(window.end).isoformat(), str(window.every_s)]
    text = "\n".join(parts)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
