import nats

from holdfast.settings.shared import NatsSettings
from holdfast.warehouse.client import Warehouse


async def test_a_stream_can_be_made_and_read(nats_settings: NatsSettings) -> None:
    connection = await nats.connect(nats_settings.url)
    await connection.jetstream().add_stream(name="S", subjects=["s.>"])
    ack = await connection.jetstream().publish("s.a", b"x")
    assert ack.seq == 1
    await connection.close()


async def test_the_next_test_finds_no_streams(nats_settings: NatsSettings) -> None:
    connection = await nats.connect(nats_settings.url)
    assert await connection.jetstream().streams_info() == []
    await connection.close()


async def test_a_fresh_database_has_the_tables(warehouse: Warehouse) -> None:
    assert await warehouse.has_table("snapshots")
    await warehouse.insert_json("schema_migrations", b'{"version": 9999, "name": "x", "checksum": "y"}\n')
    assert await warehouse.value("SELECT max(version) FROM schema_migrations") == 9999
