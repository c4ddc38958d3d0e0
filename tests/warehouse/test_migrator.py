import asyncio
from collections.abc import AsyncIterator

import pytest

from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from holdfast.warehouse.errors import MigrationError, WarehouseError
from holdfast.warehouse.migrator import is_migrated, load_migrations, migrate, to_migration
from holdfast.warehouse.schema import SCHEMA_FILE, read_schema
from tests.support.servers import ClickHouseServer

FIRST = to_migration("0001_create_a.sql", "CREATE TABLE IF NOT EXISTS a (n UInt64) ENGINE = MergeTree ORDER BY n;")
SECOND = to_migration(
    "0002_create_b.sql",
    "CREATE TABLE IF NOT EXISTS b (n UInt64) ENGINE = MergeTree ORDER BY n; -- and\n"
    "INSERT INTO b SELECT 1 WHERE (SELECT count() FROM b) = 0",
)


@pytest.fixture
async def empty(clickhouse_server: ClickHouseServer) -> AsyncIterator[Warehouse]:
    """A connection to a database that does not exist yet."""
    warehouse = await connect(clickhouse_server.settings("test_migrator"))
    yield warehouse
    await warehouse.create_database()
    await warehouse.command("DROP DATABASE IF EXISTS {name:Identifier} SYNC", {"name": warehouse.database})
    await warehouse.close()


async def test_each_migration_is_applied_once_and_in_order(empty: Warehouse) -> None:
    assert [applied.name for applied in await migrate(empty, migrations=[FIRST, SECOND])] == ["create_a", "create_b"]
    assert await migrate(empty, migrations=[FIRST, SECOND]) == []
    assert await empty.value("SELECT count() FROM b") == 1


async def test_a_dry_run_tells_and_changes_nothing(empty: Warehouse) -> None:
    told = await migrate(empty, migrations=[FIRST], dry_run=True)
    assert [one.statements for one in told] == [FIRST.statements]
    assert not await empty.has_table("a")
    assert not await empty.has_table("schema_migrations")


async def test_an_edited_migration_is_refused(empty: Warehouse) -> None:
    await migrate(empty, migrations=[FIRST])
    edited = to_migration("0001_create_a.sql", "CREATE TABLE IF NOT EXISTS a (n UInt8) ENGINE = MergeTree ORDER BY n;")
    with pytest.raises(MigrationError, match="0001_create_a was edited after it was applied"):
        await migrate(empty, migrations=[edited, SECOND])
    assert not await empty.has_table("b")


async def test_a_database_of_a_newer_version_is_refused(empty: Warehouse) -> None:
    await migrate(empty, migrations=[FIRST, SECOND])
    with pytest.raises(MigrationError, match="has migration 0002, which this version of Holdfast does not know"):
        await migrate(empty, migrations=[FIRST])


async def test_a_migration_that_failed_is_run_again_from_its_start(empty: Warehouse) -> None:
    broken = to_migration("0002_create_b.sql", SECOND.statements[0] + "; SELECT nosuch")
    with pytest.raises(WarehouseError):
        await migrate(empty, migrations=[FIRST, broken])
    assert [applied.name for applied in await migrate(empty, migrations=[FIRST, SECOND])] == ["create_b"]


async def test_two_processes_may_migrate_at_once(clickhouse_server: ClickHouseServer, empty: Warehouse) -> None:
    other = await connect(clickhouse_server.settings("test_migrator"))
    await asyncio.gather(migrate(empty), migrate(other))
    assert await migrate(other) == []
    await other.close()


async def test_a_database_is_migrated_once_it_has_all_that_this_version_knows(empty: Warehouse) -> None:
    assert not await is_migrated(empty)
    *older, newest = load_migrations()
    await migrate(empty, migrations=older)
    assert not await is_migrated(empty)
    await migrate(empty, migrations=[*older, newest])
    assert await is_migrated(empty)
    await empty.insert_json("schema_migrations", b'{"version": 9999, "name": "later", "checksum": "x"}\n')
    assert await is_migrated(empty), "a newer one has what this one had"


async def test_every_statement_that_ships_can_be_run_twice(empty: Warehouse) -> None:
    await migrate(empty)
    await empty.command("TRUNCATE TABLE schema_migrations")
    assert len(await migrate(empty)) == len(load_migrations())


def test_migrations_are_numbered_without_gaps_or_repeats() -> None:
    assert [migration.version for migration in load_migrations()] == list(range(1, len(load_migrations()) + 1))


def test_a_wrong_file_name_is_refused() -> None:
    with pytest.raises(MigrationError, match=r"a migration is called NNNN_verb_what\.sql"):
        to_migration("create_b.sql", "SELECT 1")


async def test_the_written_schema_is_what_the_migrations_make(warehouse: Warehouse) -> None:
    written = SCHEMA_FILE.read_text(encoding="utf-8")
    assert await read_schema(warehouse) == written, "run `python -m holdfast.warehouse.schema`"


async def test_the_schema_does_not_depend_on_the_databases_name(
    clickhouse_settings: ClickHouseSettings, empty: Warehouse
) -> None:
    await migrate(empty)
    one = await connect(clickhouse_settings)
    assert await read_schema(empty) == await read_schema(one)
    await one.close()
