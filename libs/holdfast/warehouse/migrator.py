"""Brings a database to the newest schema: forward only, numbered, checksummed.

`migrations/NNNN_verb_what.sql` is one change of one or more idempotent statements. ClickHouse's DDL is
not transactional, so a migration that failed half-way is simply run again from its start. A migration
that has shipped is never edited: its checksum is kept, and a difference is refused.
"""

import hashlib
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

import msgspec
from msgspec import Struct

from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.errors import MigrationError, WarehouseError, WarehouseUnavailable
from holdfast.warehouse.new_database import fill, is_new
from holdfast.warehouse.statements import parse_statements

_NAME = re.compile(r"(?P<version>\d{4})_(?P<name>[a-z0-9_]+)\.sql")

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations
(
    version     UInt32,
    name        String,
    checksum    String,                         -- SHA-256 of the file
    applied_at  DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY version
"""


class Migration(Struct, frozen=True, kw_only=True):
    """One file of `migrations/`."""

    version: int
    name: str
    checksum: str
    statements: list[str]


class Applied(Struct, frozen=True, kw_only=True):
    """A migration that `migrate` ran, or would run."""

    version: int
    name: str
    statements: list[str]


def load_migrations() -> list[Migration]:
    """All shipped migrations, in order. Raises MigrationError for a wrong name or a number used twice."""
    folder = resources.files("holdfast.warehouse") / "migrations"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    migrations = [to_migration(file.name, file.read_text(encoding="utf-8")) for file in files]
    versions = [migration.version for migration in migrations]
    for twice in sorted({version for version in versions if versions.count(version) > 1}):
        raise MigrationError(f"two migrations have the number {twice:04}; give the newer one the next free number")
    return migrations


def to_migration(file_name: str, sql: str) -> Migration:
    named = _NAME.fullmatch(file_name)
    if named is None:
        raise MigrationError(f"{file_name}: a migration is called NNNN_verb_what.sql, as 0001_create_snapshots.sql")
    return Migration(
        version=int(named["version"]),
        name=named["name"],
        checksum=hashlib.sha256(sql.encode()).hexdigest(),
        statements=parse_statements(sql),
    )


async def migrate(
    warehouse: Warehouse, *, dry_run: bool = False, migrations: Sequence[Migration] | None = None
) -> list[Applied]:
    """Apply what is missing and tell what was applied; with `dry_run` only tell.

    Safe to run again, and side by side: every statement is idempotent. A database that holds nothing is made from
    `schema.sql` instead, unless `migrations` are given. Raises MigrationError when a
    migration was edited after it was applied, or when the database is newer than this code.
    """
    known = load_migrations() if migrations is None else migrations
    applied = await _read_applied(warehouse)
    pending = to_pending(known, applied)
    if not dry_run:
        await _prepare(warehouse)
        made = await _make_at_once(warehouse, known) if migrations is None and not applied else 0
        for migration in pending:
            if migration.version > made:
                await _apply(warehouse, migration)
    return [Applied(version=one.version, name=one.name, statements=one.statements) for one in pending]


def to_pending(known: Sequence[Migration], applied: dict[int, str]) -> list[Migration]:
    """The migrations not yet in `applied` (version to checksum)."""
    by_version = {migration.version: migration for migration in known}
    for version, checksum in sorted(applied.items()):
        migration = by_version.get(version)
        if migration is None:
            raise MigrationError(
                f"the database has migration {version:04}, which this version of Holdfast does not know; "
                "run the version that applied it, or a newer one"
            )
        if migration.checksum != checksum:
            raise MigrationError(
                f"migration {version:04}_{migration.name} was edited after it was applied; "
                "put it back as it was and write the change as a new migration"
            )
    return [migration for migration in known if migration.version not in applied]


async def is_migrated(warehouse: Warehouse) -> bool:
    """Whether everything that this code knows of was applied. A newer database is: it still has what this one had."""
    return {one.version for one in load_migrations()} <= (await _read_applied(warehouse)).keys()


async def _read_applied(warehouse: Warehouse) -> dict[int, str]:
    if not await warehouse.has_table("schema_migrations"):
        return {}
    rows = await warehouse.rows("SELECT version, checksum FROM schema_migrations FINAL")
    return {int(version): str(checksum) for version, checksum in rows}


async def _prepare(warehouse: Warehouse) -> None:
    await warehouse.create_database()
    for statement in parse_statements(_LEDGER):
        await warehouse.command(statement)


async def _apply(warehouse: Warehouse, migration: Migration) -> None:
    for statement in migration.statements:
        await warehouse.command(statement)
    await _note(warehouse, [migration])


async def _make_at_once(warehouse: Warehouse, known: Sequence[Migration]) -> int:
    """The newest migration that the database then has; 0 where it has to be taken through all of them."""
    if not await is_new(warehouse):
        return 0
    try:
        newest = await fill(warehouse)
    except WarehouseUnavailable:
        raise
    except WarehouseError:
        return 0  # somebody else migrates it: over what is there already, the migrations make the same
    await _note(warehouse, [one for one in known if one.version <= newest])
    return newest


async def _note(warehouse: Warehouse, migrations: Sequence[Migration]) -> None:
    rows: list[dict[str, Any]] = [
        {"version": one.version, "name": one.name, "checksum": one.checksum} for one in migrations
    ]
    await warehouse.insert_json("schema_migrations", msgspec.json.Encoder().encode_lines(rows))
