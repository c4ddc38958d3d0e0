"""Every stream, bucket and durable consumer, declared as data.

`migrate` makes the server match; `verify` says whether it does. No service changes a stream at its
start: an operator's wider bounds stay (sizes and ages declared here are lower limits), and anything
else that differs stops the service that finds it.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StoreCompression,
    StreamConfig,
)

from holdfast.domain.jobs import LANES
from holdfast.domain.sources import check_name
from holdfast.events import CATALOG, subjects

MIB = 1024 * 1024
DAY_S = 86_400.0

DEDUPE_WINDOW_S = 600.0
"""How long a publish may be repeated under its id without being stored twice."""

Retention = Literal["limits", "workqueue"]


class StreamDeclaration(Struct, frozen=True, kw_only=True):
    """A stream. `max_bytes` and `max_age_s` are lower limits: an operator may widen them."""

    name: str
    subjects: tuple[str, ...]
    description: str
    max_bytes: int
    max_age_s: float = 0.0
    """0: no limit."""
    retention: Retention = "limits"
    discard: Literal["old", "new"] = "old"
    dedupe_window_s: float = DEDUPE_WINDOW_S
    history: int = -1
    """Values kept per subject; a KV bucket has some."""
    bucket: bool = False

    def config(self, replicas: int) -> StreamConfig:
        return StreamConfig(
            name=self.name,
            description=self.description,
            subjects=list(self.subjects),
            retention=RetentionPolicy(self.retention),
            storage=StorageType.FILE,
            discard=DiscardPolicy(self.discard),
            max_bytes=self.max_bytes,
            max_age=self.max_age_s,
            max_msgs_per_subject=self.history,
            duplicate_window=self.dedupe_window_s,
            num_replicas=replicas,
            allow_direct=True,
            allow_rollup_hdrs=self.bucket,
            deny_delete=self.bucket,
            compression=StoreCompression.NONE if self.bucket else StoreCompression.S2,
        )


class ConsumerDeclaration(Struct, frozen=True, kw_only=True):
    """A durable pull consumer. It never gives up on a message: the failure policy ends it, not a counter."""

    name: str
    stream: str
    description: str
    filters: tuple[str, ...] = ()
    ack_wait_s: float = 30.0
    max_ack_pending: int = 1000

    def config(self) -> ConsumerConfig:
        return ConsumerConfig(
            name=self.name,
            durable_name=self.name,
            description=self.description,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self.ack_wait_s,
            max_deliver=-1,
            max_ack_pending=self.max_ack_pending,
            filter_subjects=list(self.filters) or None,
        )


def _events_of(stream: str) -> tuple[str, ...]:
    return tuple(kind.wildcard for kind in CATALOG if kind.stream == stream)


def _bucket(name: str, *, history: int, max_bytes: int, description: str) -> StreamDeclaration:
    return StreamDeclaration(
        name=f"KV_{name}",
        subjects=(f"$KV.{name}.>",),
        description=description,
        max_bytes=max_bytes,
        discard="new",
        dedupe_window_s=120,
        history=history,
        bucket=True,
    )


JOBS, EVENTS, RESPONSES, FETCHES, PORTFOLIOS, DEAD = "JOBS", "EVENTS", "RESPONSES", "FETCHES", "PORTFOLIOS", "DEAD"
REGISTRY, CURSORS = "registry", "cursors"

STREAMS: tuple[StreamDeclaration, ...] = (
    StreamDeclaration(
        name=JOBS, subjects=("jobs.>",), description="Fetch jobs; one is gone when it is acknowledged",
        retention="workqueue", discard="new", max_bytes=128 * MIB,
    ),
    StreamDeclaration(
        name=EVENTS, subjects=_events_of(EVENTS), description="What workers saw: the source of every number",
        max_bytes=4096 * MIB, max_age_s=30 * DAY_S,
    ),
    StreamDeclaration(
        name=RESPONSES, subjects=_events_of(RESPONSES), description="Raw response bodies on their way to storage",
        max_bytes=1024 * MIB, max_age_s=3 * DAY_S,
    ),
    StreamDeclaration(
        name=FETCHES, subjects=_events_of(FETCHES), description="How fetches ended",
        max_bytes=256 * MIB, max_age_s=7 * DAY_S,
    ),
    StreamDeclaration(
        name=PORTFOLIOS, subjects=_events_of(PORTFOLIOS), description="What the aggregator computed, and alerts",
        max_bytes=256 * MIB, max_age_s=7 * DAY_S,
    ),
    StreamDeclaration(
        name=DEAD, subjects=("dead.>",), description="Messages that a person must look at",
        max_bytes=256 * MIB, max_age_s=90 * DAY_S,
    ),
    _bucket(REGISTRY, history=16, max_bytes=128 * MIB, description="Tenants, keys, portfolios, accounts, watches"),
    _bucket(CURSORS, history=2, max_bytes=64 * MIB, description="The last slot claimed per source"),
)  # fmt: skip

AGGREGATOR_CONSUMERS: tuple[ConsumerDeclaration, ...] = tuple(
    ConsumerDeclaration(
        name=name, stream=stream, description="Batches on their way to the warehouse", filters=filters,
        ack_wait_s=60, max_ack_pending=50_000,
    )
    for name, stream, filters in (
        ("aggregator", EVENTS, ()),
        ("aggregator-responses", RESPONSES, ()),
        ("aggregator-fetches", FETCHES, ()),
        ("aggregator-dead", DEAD, ("dead.*.*",)),  # not the marks of replays
    )
)  # fmt: skip


def worker_consumer(provider: str, lane: str) -> str:
    return f"worker-{provider}-{lane}"


def worker_consumers(providers: Iterable[str]) -> tuple[ConsumerDeclaration, ...]:
    """One per provider and lane, so that providers scale alone and lanes overtake each other."""
    return tuple(
        ConsumerDeclaration(
            name=worker_consumer(check_name("provider", provider), lane),
            stream=JOBS,
            description=f"Jobs of {provider}, lane {lane}",
            filters=(subjects.jobs_of(lane, provider),),
            ack_wait_s=15,  # a worker says "in progress" every 5 s; one that was killed is not waited for longer
            max_ack_pending=4096,  # a job put off with a delay stays pending: an outage must not stall the lane
        )
        for provider in sorted(set(providers))
        for lane in LANES
    )


def consumer_named(name: str) -> ConsumerDeclaration:
    """The declaration of one of the aggregator's consumers."""
    return next(consumer for consumer in AGGREGATOR_CONSUMERS if consumer.name == name)


def declared_consumers(providers: Sequence[str]) -> tuple[ConsumerDeclaration, ...]:
    return (*AGGREGATOR_CONSUMERS, *worker_consumers(providers))


def stream_named(name: str) -> StreamDeclaration:
    """The declaration of a stream, or of a bucket by its bare name."""
    return next(stream for stream in STREAMS if stream.name in (name, f"KV_{name}"))
