"""`holdfast migrate`: declares streams, consumers, buckets, tables and views; says what it changed."""

import argparse
import asyncio
import sys

import stamina

from holdfast.messaging.connection import connect as connect_nats
from holdfast.messaging.streams import migrate as migrate_streams
from holdfast.observability.logs import configure
from holdfast.providers.kit.discovery import discover
from holdfast.settings import Configuration, SettingsError, read_configuration
from holdfast.settings.shared import ClickHouseSettings, LogSettings, NatsSettings
from holdfast.warehouse import migrator
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.client import connect as connect_warehouse
from holdfast.warehouse.errors import WarehouseUnavailable
from holdfast.warehouse.retention import apply_retention

_PATIENCE_S = 60


def main() -> None:
    parser = argparse.ArgumentParser(prog="holdfast migrate", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="say what would change and change nothing")
    arguments = parser.parse_args()
    try:
        configuration = read_configuration()
        log = configuration.section("log", LogSettings)
        configure(service="migrate", level=log.level, format=log.format)
        changes = asyncio.run(run(configuration, dry_run=arguments.dry_run))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(78)
    verb = "would" if arguments.dry_run else "did"
    for change in changes:
        sys.stdout.write(f"{verb}: {change}\n")
    if not changes:
        sys.stdout.write("nothing to change\n")


async def run(configuration: Configuration, *, dry_run: bool) -> list[str]:
    """Both systems, streams first: an aggregator that starts early finds its consumer before its tables."""
    nats = configuration.section("nats", NatsSettings)
    connection = await connect_nats(nats, name="migrate")
    try:
        declared = await migrate_streams(connection.js, sorted(discover()), replicas=nats.replicas, dry_run=dry_run)
    finally:
        await connection.close()
    clickhouse = configuration.section("clickhouse", ClickHouseSettings)
    warehouse = await _connected(clickhouse)
    try:
        applied = await migrator.migrate(warehouse, dry_run=dry_run)
        kept = await apply_retention(warehouse, raw_days=clickhouse.raw_days, dry_run=dry_run)
    finally:
        await warehouse.close()
    return [*map(str, declared), *(f"apply migration {one.version:04} {one.name}" for one in applied), *kept]


async def _connected(settings: ClickHouseSettings) -> Warehouse:
    """Both systems may still be starting: NATS is waited for by its client, ClickHouse here."""
    async for attempt in stamina.retry_context(on=WarehouseUnavailable, attempts=None, timeout=_PATIENCE_S, wait_max=1):
        with attempt:
            return await connect_warehouse(settings)
    raise AssertionError("unreachable: the last attempt raises")
