"""The watcher against a real server: current, monotone, and not to be upset."""

import asyncio

import pytest

from holdfast.messaging.bucket import Bucket
from holdfast.messaging.connection import Connection
from holdfast.messaging.kv import ConflictError
from holdfast.registry.codec import encode
from holdfast.registry.kv_keys import to_key
from holdfast.registry.records import Tenant
from holdfast.registry.state import RegistryState
from holdfast.registry.store import RegistryStore
from holdfast.registry.watcher import RegistryWatcher
from tests.registry.catalogue import WALLET
from tests.registry.conftest import StoppedClock
from tests.support.servers import NatsServer

ACME = to_key("tenant", ("acme",))


async def test_an_empty_registry_is_ready(connection: Connection) -> None:
    async with RegistryWatcher(connection.js) as watcher:
        await asyncio.wait_for(watcher.wait_ready(), 10)
        assert watcher.state == RegistryState()
        assert watcher.trouble == ""


async def test_a_write_arrives(connection: Connection, store: RegistryStore) -> None:
    await store.create_tenant("acme")
    async with RegistryWatcher(connection.js) as watcher:
        await asyncio.wait_for(watcher.wait_ready(), 10)
        assert set(watcher.state.tenants) == {"acme"}

        await store.add_account("acme", WALLET)
        state = await asyncio.wait_for(watcher.wait_until(store.revision), 10)

        assert state == await store.read()


async def test_changes_tell_the_newest_state(connection: Connection, store: RegistryStore) -> None:
    async with RegistryWatcher(connection.js) as watcher:
        changes = watcher.changes()
        assert (await anext(changes)).revision == 0
        await store.create_tenant("a")
        await store.create_tenant("b")
        revisions = [(await asyncio.wait_for(anext(changes), 10)).revision]
        while revisions[-1] < 2:
            revisions.append((await asyncio.wait_for(anext(changes), 10)).revision)
        assert revisions == sorted(set(revisions))


async def test_a_removed_record_leaves(connection: Connection, store: RegistryStore) -> None:
    await store.create_tenant("acme")
    await store.add_account("acme", WALLET)
    async with RegistryWatcher(connection.js) as watcher:
        await watcher.wait_ready()
        await store.remove_account("acme", WALLET)
        assert not (await asyncio.wait_for(watcher.wait_until(store.revision), 10)).accounts


@pytest.mark.parametrize(
    "malformed",
    [
        b"",
        b"null",
        b"{",
        b'{"id": "acme"}',
        b'{"id": 7, "name": "x", "created_at": "2026-01-01T00:00:00Z"}',
        b'{"id": "other", "name": "x", "created_at": "2026-01-01T00:00:00Z"}',
        b"\xff\xfe",
        b"[" * 5000,
    ],
)
async def test_a_malformed_record_never_erases_the_last_good_one(
    connection: Connection, store: RegistryStore, malformed: bytes
) -> None:
    good = await store.create_tenant("acme", name="Acme")
    bucket = Bucket(connection.js, "registry")
    async with RegistryWatcher(connection.js) as watcher:
        await watcher.wait_ready()
        revision = await bucket.write(ACME, malformed)

        assert (await asyncio.wait_for(watcher.wait_until(revision), 10)).tenants == {"acme": good}

    async with RegistryWatcher(connection.js) as late:
        await asyncio.wait_for(late.wait_ready(), 10)
        assert late.state.tenants == {"acme": good}
        assert late.state.revision == revision


async def test_foreign_keys_are_left_out(connection: Connection, store: RegistryStore, clock: StoppedClock) -> None:
    good = await store.create_tenant("acme")
    bucket = Bucket(connection.js, "registry")
    await bucket.write("note", b"remember the milk")
    await bucket.write("tenant.=61cme", encode(Tenant(id="acme", name="again", created_at=clock.now())))
    await bucket.write("note", None)

    async with RegistryWatcher(connection.js) as watcher:
        await asyncio.wait_for(watcher.wait_ready(), 10)
        assert watcher.state.tenants == {"acme": good}


async def test_a_store_writes_on_after_foreign_entries(connection: Connection, store: RegistryStore) -> None:
    await Bucket(connection.js, "registry").write("note", b"remember the milk")
    await store.create_tenant("acme")
    await Bucket(connection.js, "registry").write("note", None)
    await store.create_tenant("zen")
    assert set((await store.read()).tenants) == {"acme", "zen"}


async def test_the_death_of_nats_is_survived(
    connection: Connection, store: RegistryStore, nats_server: NatsServer
) -> None:
    await store.create_tenant("before")
    async with RegistryWatcher(connection.js, check_every_s=0.2) as watcher:
        await watcher.wait_ready()
        nats_server.kill()
        async with asyncio.timeout(20):
            while not watcher.trouble:
                await asyncio.sleep(0.05)
        assert set(watcher.state.tenants) == {"before"}
        nats_server.start()
        await store.create_tenant("after")
        state = await asyncio.wait_for(watcher.wait_until(store.revision), 30)
        assert set(state.tenants) == {"before", "after"}
        assert watcher.trouble == ""


async def test_a_consumer_deleted_under_the_watcher_is_noticed(connection: Connection, store: RegistryStore) -> None:
    async with RegistryWatcher(connection.js, check_every_s=0.2) as watcher:
        await watcher.wait_ready()
        for consumer in await connection.js.consumers_info("KV_registry"):
            await connection.js.delete_consumer("KV_registry", consumer.name)

        await store.create_tenant("acme")

        state = await asyncio.wait_for(watcher.wait_until(store.revision), 20)
        assert set(state.tenants) == {"acme"}


async def test_a_watcher_waits_for_a_bucket_that_is_not_there_yet(connection: Connection) -> None:
    await connection.js.delete_stream("KV_registry")
    async with RegistryWatcher(connection.js, check_every_s=0.1) as watcher:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(watcher.wait_ready(), 0.5)
        assert watcher.trouble


async def test_a_key_written_by_another_in_between_is_a_conflict(connection: Connection) -> None:
    bucket = Bucket(connection.js, "registry")
    revision = await bucket.write("x", b"1", key_at=0)
    with pytest.raises(ConflictError):
        await bucket.write("x", b"2", key_at=0)
    assert await bucket.write("x", b"2", key_at=revision) == revision + 1
