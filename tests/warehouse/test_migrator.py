import asyncio
from collections.abc import AsyncIterator

import pytest

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


async def test_all_that_ships_is_applied_by_two_at_once_and_can_be_run_twice(
    clickhouse_server: ClickHouseServer, empty: Warehouse
) -> None:
    """One story, because a database takes seconds to migrate: by two processes, known as done, and all once more."""
    assert not await is_migrated(empty)
    other = await connect(clickhouse_server.settings("test_migrator"))
    await asyncio.gather(migrate(empty), migrate(other))
    assert await migrate(other) == []
    await other.close()
    assert await is_migrated(empty)
    assert await read_schema(empty) == SCHEMA_FILE.read_text(encoding="utf-8"), "made from it by each of the two"
    await empty.command("DROP VIEW portfolio_value")  # as if it had been killed before the last of its views
    await empty.command("TRUNCATE TABLE schema_migrations")
    *older, newest = load_migrations()
    assert len(await migrate(empty, migrations=older)) == len(older)
    assert not await is_migrated(empty)
    assert [applied.version for applied in await migrate(empty)] == [newest.version]
    assert await is_migrated(empty)
    assert await read_schema(empty) == SCHEMA_FILE.read_text(encoding="utf-8"), "whatever it began with"
    await empty.insert_json("schema_migrations", b'{"version": 9999, "name": "later", "checksum": "x"}\n')
    assert await is_migrated(empty), "a newer one has what this one had"


def test_migrations_are_numbered_without_gaps_or_repeats() -> None:
    assert [migration.version for migration in load_migrations()] == list(range(1, len(load_migrations()) + 1))


def test_a_wrong_file_name_is_refused() -> None:
    with pytest.raises(MigrationError, match=r"a migration is called NNNN_verb_what\.sql"):
        to_migration("create_b.sql", "SELECT 1")


async def test_the_written_schema_is_what_the_migrations_make_and_they_put_no_rows_into_it(empty: Warehouse) -> None:
    """A new database is made from the one, and one that is kept was made by the others."""
    await migrate(empty, migrations=load_migrations())
    assert await read_schema(empty) == SCHEMA_FILE.read_text(encoding="utf-8"), "run `make schemas`"
    filled = "SELECT name FROM system.tables WHERE database = {database:String} AND total_rows > 0"
    assert await empty.rows(filled, {"database": empty.database}) == [("schema_migrations",)]
