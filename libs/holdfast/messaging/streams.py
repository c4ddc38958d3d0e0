"""Makes the server match the declarations, and tells whether it does.

`migrate` creates and updates, and never deletes a stream or shortens what an operator widened.
`verify` changes nothing: missing parts are waited for, differing ones stop the service.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

import nats.errors
from msgspec import Struct
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import APIError, NotFoundError

from holdfast.messaging.declarations import (
    AGGREGATOR_CONSUMERS,
    CURSORS,
    DEAD,
    EVENTS,
    FETCHES,
    JOBS,
    PORTFOLIOS,
    REGISTRY,
    RESPONSES,
    STREAMS,
    ConsumerDeclaration,
    StreamDeclaration,
    consumer_named,
    declared_consumers,
    stream_named,
    worker_consumer,
    worker_consumers,
)

__all__ = [
    "AGGREGATOR_CONSUMERS",
    "CURSORS",
    "DEAD",
    "EVENTS",
    "FETCHES",
    "JOBS",
    "PORTFOLIOS",
    "REGISTRY",
    "RESPONSES",
    "STREAMS",
    "Change",
    "ConsumerDeclaration",
    "DriftError",
    "MigrationError",
    "NotMigratedError",
    "StreamDeclaration",
    "consumer_named",
    "declared_consumers",
    "migrate",
    "stream_named",
    "verify",
    "wait_until_migrated",
    "worker_consumer",
    "worker_consumers",
]


class Change(Struct, frozen=True, kw_only=True):
    """One thing that differs from its declaration, or that was changed to match it."""

    action: Literal["create", "update"]
    what: str
    """As `stream JOBS` or `consumer aggregator on EVENTS`."""
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.action} {self.what}{': ' if self.detail else ''}{self.detail}"


class DriftError(Exception):
    """A stream or consumer is not what this version declares. Nothing was changed."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = tuple(changes)
        found = "; ".join(str(change) for change in changes)
        super().__init__(f"streams differ from their declaration: {found}. Look why, then run `holdfast migrate`")


class NotMigratedError(Exception):
    """Streams or consumers are missing: `holdfast migrate` has not run (yet)."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = tuple(changes)
        missing = ", ".join(change.what for change in changes)
        super().__init__(f"not migrated yet, missing {missing}: run `holdfast migrate`")


class MigrationError(Exception):
    """The server refused a change; the message says which and what to do."""


async def migrate(
    js: JetStreamContext, providers: Sequence[str], *, replicas: int = 1, dry_run: bool = False
) -> list[Change]:
    """Create what is missing and update what differs; a dry run only lists it. Running it again changes nothing."""
    changes = []
    for stream in STREAMS:
        changes += await _migrate_stream(js, stream, replicas, dry_run=dry_run)
    for consumer in declared_consumers(providers):
        changes += await _migrate_consumer(js, consumer, dry_run=dry_run)
    return changes


async def verify(
    js: JetStreamContext, *, streams: Iterable[str] = (), consumers: Iterable[ConsumerDeclaration] = ()
) -> None:
    """Raises NotMigratedError for what is missing, DriftError for what differs. Changes nothing."""
    changes = []
    for name in streams:
        stream = stream_named(name)
        changes += _stream_changes(stream, await _stream_config(js, stream.name))
    for consumer in consumers:
        changes += _consumer_changes(consumer, await _consumer_config(js, consumer))
    if differing := [change for change in changes if change.action == "update"]:
        raise DriftError(differing)
    if changes:
        raise NotMigratedError(changes)


async def wait_until_migrated(
    js: JetStreamContext,
    *,
    streams: Iterable[str] = (),
    consumers: Iterable[ConsumerDeclaration] = (),
    on_waiting: Callable[[str], None] | None = None,
    every_s: float = 1.0,
) -> None:
    """Wait for `holdfast migrate`, telling `on_waiting` for what ("" at the end). Raises DriftError at once."""
    streams, consumers = tuple(streams), tuple(consumers)
    tell = on_waiting or (lambda _: None)
    while True:
        try:
            await verify(js, streams=streams, consumers=consumers)
        except NotMigratedError as error:
            tell(str(error))
        except (nats.errors.Error, TimeoutError) as error:
            tell(f"NATS does not answer: {error}")
        else:
            tell("")
            return
        await asyncio.sleep(every_s)


async def _migrate_stream(
    js: JetStreamContext, stream: StreamDeclaration, replicas: int, *, dry_run: bool
) -> list[Change]:
    found = await _stream_config(js, stream.name)
    changes = _stream_changes(stream, found)
    if not changes or dry_run:
        return changes
    wanted = stream.config(replicas)
    try:
        if found is None:
            await js.add_stream(wanted)
        else:
            await js.update_stream(_widened(wanted, found))
    except APIError as error:
        raise _refused(changes[0], error) from error
    return changes


async def _migrate_consumer(js: JetStreamContext, consumer: ConsumerDeclaration, *, dry_run: bool) -> list[Change]:
    changes = _consumer_changes(consumer, await _consumer_config(js, consumer))
    if not changes or dry_run:
        return changes
    try:
        await js.add_consumer(consumer.stream, consumer.config())
    except APIError as error:
        raise _refused(changes[0], error) from error
    return changes


def _refused(change: Change, error: APIError) -> MigrationError:
    return MigrationError(
        f"the server refused to {change}: {error.description} (code {error.err_code}). "
        "Storage and retention cannot be changed in place; too little space is a matter of max_file_store"
    )


def _widened(wanted: StreamConfig, found: StreamConfig) -> StreamConfig:
    """The declared configuration with the operator's wider bounds and replicas kept."""
    return wanted.evolve(
        max_bytes=_wider(wanted.max_bytes, found.max_bytes),
        max_age=_wider(wanted.max_age, found.max_age),
        num_replicas=max(wanted.num_replicas or 1, found.num_replicas or 1),
        placement=found.placement,
        metadata=found.metadata,
    )


def _wider(a: Any, b: Any) -> Any:
    """The wider of two limits, where 0 and -1 are none."""
    return max(a, b) if (a or 0) > 0 and (b or 0) > 0 else (a if (a or 0) <= 0 else b)


def _stream_changes(stream: StreamDeclaration, found: StreamConfig | None) -> list[Change]:
    what = f"stream {stream.name}"
    if found is None:
        return [Change(action="create", what=what)]
    wanted = stream.config(found.num_replicas or 1)
    differences = [*_narrower(wanted, found), *_different(wanted, found, _STREAM_FIELDS)]
    return [Change(action="update", what=what, detail=", ".join(differences))] if differences else []


def _consumer_changes(consumer: ConsumerDeclaration, found: ConsumerConfig | None) -> list[Change]:
    what = f"consumer {consumer.name} on {consumer.stream}"
    if found is None:
        return [Change(action="create", what=what)]
    wanted = consumer.config()
    differences = [*_different(wanted, found, _CONSUMER_FIELDS), *_filter_difference(wanted, found)]
    return [Change(action="update", what=what, detail=", ".join(differences))] if differences else []


_STREAM_FIELDS = (
    "retention",
    "storage",
    "discard",
    "max_msgs_per_subject",
    "duplicate_window",
    "allow_direct",
    "allow_rollup_hdrs",
    "deny_delete",
    "compression",
    "description",
)
_CONSUMER_FIELDS = ("ack_policy", "ack_wait", "max_deliver", "max_ack_pending", "deliver_policy", "description")


def _different(wanted: Any, found: Any, fields: Sequence[str]) -> Iterator[str]:
    for field in fields:
        mine, theirs = _plain(getattr(wanted, field)), _plain(getattr(found, field))
        if mine != theirs:
            yield f"{field} {theirs} → {mine}"


def _plain(value: Any) -> Any:
    """Enum or text alike; what the server leaves out is its own "no"."""
    value = getattr(value, "value", value)
    return False if value is None else value


def _narrower(wanted: StreamConfig, found: StreamConfig) -> Iterator[str]:
    for field in ("max_bytes", "max_age"):
        mine, theirs = getattr(wanted, field), getattr(found, field)
        if _wider(mine, theirs) != theirs:
            yield f"{field} {theirs} → {mine}"
    if set(wanted.subjects or ()) != set(found.subjects or ()):
        yield f"subjects {sorted(found.subjects or ())} → {sorted(wanted.subjects or ())}"


def _filter_difference(wanted: ConsumerConfig, found: ConsumerConfig) -> Iterator[str]:
    mine = sorted(wanted.filter_subjects or ())
    theirs = sorted(found.filter_subjects or ([found.filter_subject] if found.filter_subject else []))
    if mine != theirs:
        yield f"filter {theirs} → {mine}"


async def _stream_config(js: JetStreamContext, name: str) -> StreamConfig | None:
    try:
        return (await js.stream_info(name)).config
    except NotFoundError:
        return None


async def _consumer_config(js: JetStreamContext, consumer: ConsumerDeclaration) -> ConsumerConfig | None:
    try:
        config: ConsumerConfig | None = (await js.consumer_info(consumer.stream, consumer.name)).config
    except NotFoundError:
        return None
    return config
