"""The real servers, declared and migrated, and aggregator processes to start and kill."""

import asyncio
import hashlib
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import nats.errors

from holdfast.domain.balances import Balance, Snapshot, snapshot_id
from holdfast.domain.sources import Source
from holdfast.domain.time import SystemClock
from holdfast.events import BalancesObserved
from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import migrate
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from holdfast.registry.store import RegistryStore
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import Warehouse
from tests.aggregator.comparing import assert_tables_say
from tests.aggregator.expected import Arrived, Belongs
from tests.registry.catalogue import CATALOGUE
from tests.support.children import Child

START = datetime(2026, 1, 30, 22, 10, tzinfo=UTC)


def aggregator(nats: NatsSettings, clickhouse: ClickHouseSettings, log: Path, **settings: object) -> Child:
    """A process of its own, not waited for."""
    environment = {
        "HOLDFAST_NATS__URL": nats.url,
        "HOLDFAST_CLICKHOUSE__URL": clickhouse.url,
        "HOLDFAST_CLICKHOUSE__DATABASE": clickhouse.database,
        "HOLDFAST_CLICKHOUSE__USER": clickhouse.user,
        "HOLDFAST_CLICKHOUSE__PASSWORD": clickhouse.password.reveal(),
        "HOLDFAST_AGGREGATOR__HEALTH__PORT": "0",
        **{f"HOLDFAST_AGGREGATOR__{name.upper()}": str(value) for name, value in settings.items()},
    }
    return Child([sys.executable, "-m", "services.aggregator"], log=log, environment=environment)


async def declared(nats: NatsSettings) -> Connection:
    """Connected, every stream and consumer there."""
    connection = await connect(nats, name="test")
    await migrate(connection.js, [])
    return connection


def snapshots(count: int, *, sources: int, lines: int = 3) -> list[BalancesObserved]:
    """Deterministic, fully stated: source n mod `sources`, ten minutes further each round."""
    return [_snapshot(number % sources, number // sources, lines) for number in range(count)]


def _snapshot(number: int, turn: int, lines: int) -> BalancesObserved:
    source = Source(tenant="acme", provider="alpha", account=account(number), scope="defi")
    at = START + timedelta(minutes=10 * turn, milliseconds=number)
    balances = tuple(
        Balance(
            asset=f"eip155:1/erc20:0x{line:040x}",
            kind="deposit",
            side="debt" if line == 2 else "asset",
            amount=Decimal(turn + 1),
            value=Decimal(f"{number}.{turn:06d}") + line,
        )
        for line in range(lines)
    )
    snapshot = Snapshot(
        account=source.account, scope="defi", observed_at=at, fetched_at=at + timedelta(seconds=1), balances=balances
    )
    identity = snapshot_id(source, snapshot)
    return BalancesObserved(
        id=identity,
        tenant="acme",
        provider="alpha",
        account=source.account,
        scope="defi",
        snapshot_id=identity,
        observed_at=at,
        fetched_at=snapshot.fetched_at,
        job_id=hashlib.sha256(identity.encode()).hexdigest()[:32],
        balances=balances,
        lines=len(balances),
    )


def account(number: int) -> str:
    return f"eip155:1:0x{number + 1:040x}"


async def publish(connection: Connection, events: Iterable[BalancesObserved]) -> None:
    await Publisher(connection.js, producer="test", clock=SystemClock()).publish_many(events)


async def eventually(
    check: Callable[[], Awaitable[bool]], *, what: str, deadline_s: float = 60, every_s: float = 0.3
) -> None:
    """Seldom, unless the moment matters: who asks the engine often keeps it from what is waited for."""
    until = time.monotonic() + deadline_s
    while not await check():
        if time.monotonic() > until:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        await asyncio.sleep(every_s)


async def drained(connection: Connection, consumers: Sequence[tuple[str, str]] = (("EVENTS", "aggregator"),)) -> bool:
    for stream, name in consumers:
        try:
            info = await connection.js.consumer_info(stream, name)
        except (nats.errors.Error, TimeoutError):
            return False  # a server that is just starting
        if info.num_pending or info.num_ack_pending:
            return False
    return True


async def stored_snapshots(warehouse: Warehouse) -> set[str]:
    return {row[0] for row in await warehouse.rows("SELECT snapshot_id FROM snapshots FINAL")}


async def register(connection: Connection, sources: int) -> list[Belongs]:
    """One portfolio of all accounts, and one of the first only."""
    store = RegistryStore(connection.js, clock=SystemClock(), catalogue=CATALOGUE)
    await store.create_tenant("acme")
    for number in range(sources):
        await store.add_account("acme", account(number), sources=[SourceChoice(provider="alpha", scope="defi")])
    chosen = {"all": range(sources), "one": range(1)}
    for name, numbers in chosen.items():
        await store.put_portfolio("acme", name, members=[Member(account=account(n)) for n in numbers])
    always, still = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
    return [
        Belongs(name, f"acme/alpha/{account(number)}/defi", always, still)
        for name, numbers in chosen.items()
        for number in numbers
    ]


async def assert_right(warehouse: Warehouse, events: Sequence[BalancesObserved], belongs: Sequence[Belongs]) -> None:
    """Every snapshot and every point is what the events say."""
    stamps = await warehouse.rows("SELECT snapshot_id, recorded_at FROM snapshots FINAL")
    recorded = dict(stamps)
    assert len(recorded) == len(stamps)
    assert recorded.keys() == {event.snapshot_id for event in events}
    arrived = [Arrived(event, recorded[event.snapshot_id]) for event in events]
    await assert_tables_say(warehouse, arrived, belongs)
