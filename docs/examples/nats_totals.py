# ruff: noqa: INP001, T201 (a service of its own, not a module of ours)
"""Keeps what each portfolio is worth in memory, with plain nats-py: filled from an instant on, then as it changes.

    NATS_URL=nats://user:password@127.0.0.1:4222 TENANT=demo SINCE=2026-03-01T00:00:00Z python nats_totals.py

Without SINCE it begins with the oldest event that the stream still has. Nothing is acknowledged and nothing is left
behind on the server, so any number of them may run. A consumer that is lost, as when a server restarts, is made
again from the next message on.
"""

import asyncio
import contextlib
import os
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import datetime

import nats
import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from holdfast.events import PortfolioRevalued
from holdfast.events.codec import UndecodableError, decode

STREAM = "PORTFOLIOS"


class Totals:
    """The local view: of each portfolio the newest hour, and of that hour the best version."""

    def __init__(self) -> None:
        self.current: dict[str, PortfolioRevalued] = {}

    def put(self, change: PortfolioRevalued) -> bool:
        """Whether it said anything new. Any order and any repetition of events end in the same view."""
        known = self.current.get(change.portfolio)
        if known is not None and _rank(change) <= _rank(known):
            return False
        self.current[change.portfolio] = change
        return True


def _rank(change: PortfolioRevalued) -> tuple[datetime, int]:
    return change.bucket, int(change.version)


async def follow(js: JetStreamContext, subject: str, since: datetime | None) -> AsyncIterator[Msg]:
    """Every message from the instant on, once and in the stream's order, whatever happens to the consumer."""
    start = ConsumerConfig(deliver_policy=DeliverPolicy.ALL)
    if since is not None:
        start = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_TIME, opt_start_time=since)
    while True:
        try:
            async for message in _consume(js, subject, start):
                following = message.metadata.sequence.stream + 1
                start = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=following)
                yield message
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError) as error:
            print(f"interrupted, goes on: {error!r}", file=sys.stderr)
            await asyncio.sleep(1)


async def _consume(js: JetStreamContext, subject: str, start: ConsumerConfig) -> AsyncIterator[Msg]:
    """Until the consumer is gone. It has a name of its own: nameless ones are refused to subscribers."""
    config = start.evolve(
        name=f"totals-{uuid.uuid4().hex}", filter_subject=subject, ack_policy=AckPolicy.NONE, inactive_threshold=60
    )
    consumer = await js.add_consumer(STREAM, config)
    subscription = await js.pull_subscribe_bind(consumer=consumer.name, stream=STREAM)
    try:
        while True:
            try:
                messages = await subscription.fetch(500, timeout=5)
            except TimeoutError:
                await js.consumer_info(STREAM, consumer.name)  # raises when it is gone, which a silence may mean
                continue
            for message in messages:
                yield message
    finally:
        await subscription.unsubscribe()


async def main() -> None:
    connection = await nats.connect(os.environ.get("NATS_URL", "nats://127.0.0.1:4222"), max_reconnect_attempts=-1)
    since = datetime.fromisoformat(os.environ["SINCE"]) if os.environ.get("SINCE") else None
    totals = Totals()
    async for message in follow(connection.jetstream(), f"portfolios.revalued.v1.{os.environ['TENANT']}", since):
        try:
            change = decode(message.data, PortfolioRevalued)
        except UndecodableError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        if totals.put(change):
            print(change.portfolio, change.bucket.isoformat(), f"{change.net:f}", change.currency, flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
