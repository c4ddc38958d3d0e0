"""The endpoint as a process: settings that cannot be, signals, kill -9, damage."""

import asyncio
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.warehouse.client import connect
from tests.support.clients import http_client
from tests.support.servers import OWNER, OWNER_PASSWORD, EmbeddedClickHouse

OWNER_AUTH = (OWNER, OWNER_PASSWORD)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedClickHouse]:
    built = EmbeddedClickHouse(tmp_path / "server")
    yield built
    built.kill()


def _ends_with_78(server: EmbeddedClickHouse) -> str:
    child = server.launch()
    assert child.wait(deadline_s=30) == 78
    return child.output


def test_a_taken_port_is_one_message_naming_the_setting(server: EmbeddedClickHouse) -> None:
    with socket.create_server(("127.0.0.1", server.port)):
        said = _ends_with_78(server)
    assert said == f"embedded.port: cannot listen on 127.0.0.1:{server.port}: Address already in use\n"


def test_a_directory_in_use_is_one_message_naming_the_setting(server: EmbeddedClickHouse, tmp_path: Path) -> None:
    server.start()
    second = EmbeddedClickHouse(tmp_path / "server")
    said = _ends_with_78(second).splitlines()[-1]
    assert said.startswith(f"embedded.data_dir: {server.folder / 'data'} is in use by another process (PID: ")


def test_a_directory_that_is_a_file_is_one_message(server: EmbeddedClickHouse) -> None:
    (server.folder / "data").write_text("")
    assert _ends_with_78(server) == f"embedded.data_dir: cannot use {server.folder / 'data'}: File exists\n"


def test_all_bad_settings_are_told_at_once(server: EmbeddedClickHouse) -> None:
    server.environment |= {"HOLDFAST_EMBEDDED__THREADS": "1", "HOLDFAST_EMBEDDED__QUERY_SECONDS": "soon"}
    said = _ends_with_78(server)
    assert "embedded.threads: " in said
    assert "embedded.query_seconds: " in said


def test_an_open_address_needs_a_password(server: EmbeddedClickHouse) -> None:
    server.environment |= {"HOLDFAST_EMBEDDED__HOST": "0.0.0.0", "HOLDFAST_CLICKHOUSE__PASSWORD": ""}  # noqa: S104
    assert "clickhouse.password: is required when embedded.host (0.0.0.0) is not loopback" in _ends_with_78(server)


def test_sigterm_ends_it_cleanly_and_quickly(server: EmbeddedClickHouse) -> None:
    server.start()
    child = server.child
    assert child is not None
    began = time.monotonic()
    assert child.stop() == 0
    assert time.monotonic() - began < 5


async def test_sigterm_does_not_wait_for_a_long_statement(server: EmbeddedClickHouse) -> None:
    server.start()
    child = server.child
    assert child is not None
    async with http_client(server.url, auth=OWNER_AUTH, timeout=60) as client:
        endless = "SELECT sum(cityHash64(number)) FROM numbers(999999999999)"
        slow = asyncio.create_task(client.post("/", content=endless))
        processes = "SELECT count() FROM system.processes WHERE query LIKE '%numbers(999%'"
        while int((await client.post("/", content=processes)).text) < 2:
            await asyncio.sleep(0.05)
        began = time.monotonic()
        child.signal(signal.SIGTERM)
        code = await asyncio.to_thread(child.wait)
        await asyncio.gather(slow, return_exceptions=True)
    assert (code, time.monotonic() - began < 10) == (0, True)


async def test_kill_9_keeps_every_acknowledged_row(server: EmbeddedClickHouse) -> None:
    server.start()
    acknowledged: set[int] = set()
    attempted = 0
    for round_number in range(3):
        warehouse = await connect(server.settings())
        await warehouse.command("CREATE TABLE IF NOT EXISTS kept (n UInt64) ENGINE = MergeTree ORDER BY n")

        async def insert_until_it_dies(warehouse=warehouse) -> None:  # type: ignore[no-untyped-def]
            nonlocal attempted
            while True:
                attempted += 1
                number = attempted
                await warehouse.insert_json("kept", b'{"n": %d}\n' % number)
                acknowledged.add(number)

        writers = [asyncio.create_task(insert_until_it_dies()) for _ in range(4)]
        wanted = 40 * (round_number + 1)
        while len(acknowledged) < wanted:
            await asyncio.sleep(0.01)
        server.kill()
        await asyncio.gather(*writers, return_exceptions=True)
        await warehouse.close()
        server.start()

        warehouse = await connect(server.settings())
        stored = {int(row[0]) for row in await warehouse.rows("SELECT n FROM kept")}
        await warehouse.close()
        assert acknowledged - stored == set()
        assert stored - set(range(attempted + 1)) == set()


async def test_a_damaged_part_turns_ready_red(server: EmbeddedClickHouse) -> None:
    server.start()
    async with http_client(server.url, auth=OWNER_AUTH, timeout=30) as client:
        await client.post("/", content="CREATE TABLE broken (n UInt64) ENGINE = MergeTree ORDER BY n")
        await client.post("/", content="INSERT INTO broken VALUES (1)")
        path = (await client.post("/", content="SELECT path FROM system.parts WHERE table = 'broken' AND active")).text
    server.kill()
    Path(path.strip(), "data.bin").write_bytes(b"")
    server.start()
    async with http_client(server.url) as client:
        answer = await client.get("/ready")
    detached = answer.json()["waiting_for"]["detached_parts"]
    assert (answer.status_code, detached[0]["table"]) == (503, "broken")


async def test_the_store_syncs_what_it_acknowledges(server: EmbeddedClickHouse) -> None:
    server.start()
    async with http_client(server.url, auth=OWNER_AUTH) as client:
        sql = (
            "SELECT name, value FROM system.merge_tree_settings WHERE name LIKE 'fsync%' AND value = '1' ORDER BY name"
        )
        assert (await client.post("/", content=sql)).text == "fsync_after_insert\t1\nfsync_part_directory\t1\n"
