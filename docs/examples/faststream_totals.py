# ruff: noqa: INP001, T201 (a service of its own, not a module of ours)
"""Keeps what each portfolio is worth in a SQLite file, with FastStream. Stop it, start it: it goes on where it was.

    NATS_URL=nats://user:password@127.0.0.1:4222 TENANT=demo TOTALS_DB=totals.db python faststream_totals.py

With REPLAY_FROM=2026-03-01T00:00:00Z it reads again what was said from then on, as a consumer of its own.

Delivery is at least once and the order is not that of time, so a row is only ever replaced by a better one: of two
events for one hour the one with the greater `version` is right. A repetition changes nothing.
"""

import asyncio
import os
import sqlite3
import sys
from datetime import datetime

from faststream import AckPolicy, FastStream
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.js.api import ConsumerConfig, DeliverPolicy

from holdfast.events import PortfolioRevalued
from holdfast.events.codec import UndecodableError, decode

_TABLE = """
CREATE TABLE IF NOT EXISTS totals
(
    portfolio TEXT, hour TEXT, version TEXT, currency TEXT, net TEXT, assets TEXT, debt TEXT, unpriced INTEGER,
    PRIMARY KEY (portfolio, hour)
)
"""
_PUT = """
INSERT INTO totals VALUES (:portfolio, :hour, :version, :currency, :net, :assets, :debt, :unpriced)
ON CONFLICT (portfolio, hour) DO UPDATE SET
    version = excluded.version, currency = excluded.currency, net = excluded.net, assets = excluded.assets,
    debt = excluded.debt, unpriced = excluded.unpriced
WHERE excluded.version > totals.version
"""
_CURRENT = "SELECT portfolio, net, currency, max(hour) AS hour FROM totals GROUP BY portfolio ORDER BY portfolio"


class Totals:
    """The local view: one row per portfolio and hour. Money stays decimal text, because SQLite has only floats."""

    def __init__(self, path: str) -> None:
        self._rows = sqlite3.connect(path, isolation_level=None)
        self._rows.execute(_TABLE)

    def put(self, change: PortfolioRevalued) -> bool:
        """Whether it said anything new."""
        row = {
            "portfolio": change.portfolio,
            "hour": change.bucket.isoformat(),
            "version": change.version.zfill(39),  # compared as text
            "currency": change.currency,
            "net": f"{change.net:f}",
            "assets": f"{change.assets:f}",
            "debt": f"{change.debt:f}",
            "unpriced": change.lines_unpriced,
        }
        return self._rows.execute(_PUT, row).rowcount > 0

    def current(self) -> list[tuple[str, ...]]:
        """Of each portfolio its newest hour."""
        return self._rows.execute(_CURRENT).fetchall()


def consumer_from(replay_from: str) -> tuple[str, ConsumerConfig | None]:
    """Durable name and configuration: one consumer that goes on, or one for each instant that is replayed from."""
    if not replay_from:
        return "totals", None
    at = datetime.fromisoformat(replay_from)
    start = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_TIME, opt_start_time=at)
    return f"totals-{at:%Y%m%dT%H%M%S}", start


def build_app(environment: dict[str, str]) -> FastStream:
    totals = Totals(environment.get("TOTALS_DB", "totals.db"))
    broker = NatsBroker(environment.get("NATS_URL", "nats://127.0.0.1:4222"), max_reconnect_attempts=-1)
    durable, config = consumer_from(environment.get("REPLAY_FROM", ""))

    @broker.subscriber(
        f"portfolios.revalued.v1.{environment['TENANT']}",
        stream=JStream("PORTFOLIOS", declare=False),  # its operator made it; FastStream would change it
        durable=durable,
        config=config,
        pull_sub=PullSub(batch_size=100),
        ack_policy=AckPolicy.NACK_ON_ERROR,  # the default drops what could not be handled
    )
    async def on_revalued(message: NatsMessage) -> None:
        try:
            change = decode(message.body, PortfolioRevalued)
        except UndecodableError as error:
            print(f"left out: {error}", file=sys.stderr)  # to try it again would not help
            return
        if totals.put(change):
            print(change.portfolio, change.bucket.isoformat(), f"{change.net:f}", change.currency, flush=True)

    return FastStream(broker)


if __name__ == "__main__":
    asyncio.run(build_app(dict(os.environ)).run())
