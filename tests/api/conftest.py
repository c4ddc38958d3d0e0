"""The whole API in this process, on a real NATS server and a real engine, over ASGI."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from msgspec import Struct

from holdfast.messaging.connection import Connection
from holdfast.messaging.connection import connect as connect_nats
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import migrate
from holdfast.providers.kit.contract import Budget, FeedManifest, Manifest
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from holdfast.registry.store import RegistryStore
from holdfast.registry.watcher import RegistryWatcher
from holdfast.settings import Secret
from holdfast.warehouse.client import Warehouse, connect
from services.api.app import build_app
from services.api.resources import Resources
from services.api.settings import ApiSettings
from tests.api.world import A, B, StoppedClock, write_world
from tests.support.database import Migrated, build_database, empty_database
from tests.support.servers import ClickHouseServer, NatsServer

MASTER_KEY = Secret("0123456789abcdef0123456789abcdef")
SETTINGS = ApiSettings(master_key=MASTER_KEY, requests_per_minute=60_000, burst=10_000, max_body_bytes=20_000)


class NoSettings(Struct, frozen=True, kw_only=True):
    pass


def manifest(name: str, scope: str, *watched: FeedManifest) -> Manifest:
    feed = FeedManifest(name="balances", scopes=(scope,), namespaces=("eip155", "solana"), every_s=600)
    return Manifest(
        name=name,
        title=name,
        documentation="https://example.org",
        budget=Budget(requests=1, per_s=1),
        feeds=(feed, *watched),
        settings=NoSettings,
    )


CLUSTERS = FeedManifest(name="clusters", every_s=3600)
CATALOGUE = {"okx": manifest("okx", "defi", CLUSTERS), "evm": manifest("evm", "wallet")}


class World(Struct, frozen=True, kw_only=True):
    """A running API and everything behind it. Keys by what they may do."""

    resources: Resources
    connection: Connection
    client: httpx.AsyncClient
    app: Any
    clock: StoppedClock
    keys: dict[str, str]

    async def get(self, path: str, *, key: str = "acme", **params: Any) -> httpx.Response:
        return await self.client.get(path, params=params, headers=bearer(self.keys[key]))

    async def send(self, method: str, path: str, *, key: str = "acme", body: Any = None) -> httpx.Response:
        return await self.client.request(method, path, json=body, headers=bearer(self.keys[key]))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="session")
def worlds_database(clickhouse_server: ClickHouseServer) -> Migrated:
    """Beside that of `warehouse`, which is emptied before each test."""
    return asyncio.run(build_database(clickhouse_server.settings(f"test_api_{secrets.token_hex(6)}")))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(nats_server: NatsServer, worlds_database: Migrated) -> AsyncIterator[World]:
    """One for each file of tests: those that change something use names of their own."""
    await empty_database(worlds_database)
    connection = await connect_nats(nats_server.settings, name="test-api")
    warehouse, clock = await connect(worlds_database.settings), StoppedClock()
    try:
        await declare(connection)
        async with RegistryWatcher(connection.js) as watcher:
            await watcher.wait_ready()
            yield await build_world(connection, warehouse, watcher, clock)
    finally:
        await warehouse.close()
        await connection.close()


async def declare(connection: Connection) -> None:
    for info in await connection.js.streams_info():
        await connection.js.delete_stream(str(info.config.name))
    await migrate(connection.js, sorted(CATALOGUE))


async def build_world(
    connection: Connection, warehouse: Warehouse, watcher: RegistryWatcher, clock: StoppedClock
) -> World:
    resources = Resources(
        settings=SETTINGS,
        warehouse=warehouse,
        watcher=watcher,
        store=RegistryStore(connection.js, clock=clock, catalogue=CATALOGUE),
        publisher=Publisher(connection.js, producer="api", clock=clock),
        catalogue=CATALOGUE,
        clock=clock,
    )
    keys = await register(resources.store)
    await watcher.wait_until(resources.store.revision)
    await write_world(warehouse)
    app = build_app(resources)
    return World(resources=resources, connection=connection, client=client_of(app), keys=keys, app=app, clock=clock)


def client_of(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://api")


async def register(store: RegistryStore) -> dict[str, str]:
    """Tenant acme with portfolios family, bees (only 0xbbb…) and both (nesting); tenant rival with an own family."""
    for tenant in ("acme", "rival"):
        await store.create_tenant(tenant)
    await store.add_account("acme", A, sources=[SourceChoice(provider="okx"), SourceChoice(provider="evm")])
    await store.add_account("acme", B, sources=[SourceChoice(provider="evm")], label="savings")
    await store.add_account("rival", "eip155:1:0x" + "f" * 40, sources=[SourceChoice(provider="evm")])
    await store.put_portfolio("acme", "family", name="The family", members=[Member(account=A), Member(account=B)])
    await store.put_portfolio("acme", "bees", members=[Member(account=B)])
    await store.put_portfolio("acme", "both", members=[Member(portfolio="family")])
    await store.put_portfolio("rival", "theirs", members=[Member(account="eip155:1:0x" + "f" * 40)])
    keys = {}
    for name, tenant, portfolio in (
        ("acme", "acme", None),
        ("bees", "acme", "bees"),
        ("family", "acme", "family"),
        ("rival", "rival", None),
    ):
        _, secret = await store.create_key(tenant, portfolio=portfolio, label=name)
        keys[name] = secret.reveal()
    return keys
