"""Wiring of `holdfast reparse`: reads, replays, judges, publishes corrections and says what it did."""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from holdfast.domain.time import Clock, SystemClock
from holdfast.messaging.connection import connect as connect_nats
from holdfast.messaging.publishing import Publisher, PublishError
from holdfast.observability import logs
from holdfast.providers.kit.discovery import ProviderModule, discover
from holdfast.settings import Configuration, SettingsError, SettingsProblem, read_configuration
from holdfast.settings.shared import ClickHouseSettings, LogSettings, NatsSettings
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.client import connect as connect_warehouse
from holdfast.warehouse.errors import WarehouseError
from services.worker.reparsing.correcting import Judged, judge, keys_of, to_corrections
from services.worker.reparsing.keeping import BEGINNING, END, Chosen, read_current
from services.worker.reparsing.replaying import Replayed, Replayer, settings_of
from services.worker.settings import WorkerSettings

EX_CONFIG, EX_UNAVAILABLE = 78, 69


class Wish(Struct, frozen=True, kw_only=True):
    """What of the past is read again."""

    providers: tuple[str, ...] = ()
    """All that there are settings of, if none is named."""
    tenant: str = ""
    account: str = ""
    first: datetime = BEGINNING
    last: datetime = END
    dry_run: bool = False


class Skipped(Struct, frozen=True, kw_only=True):
    """A fetch that was not read again."""

    provider: str
    account: str
    started_at: datetime
    why: str


class Report(Struct, frozen=True, kw_only=True):
    fetches: int
    statements: int
    same: int
    corrected: int
    new: int
    kept: int
    """Statements of fetches that cannot be replayed: left as they are."""
    not_published: int
    """The stream still remembers this very statement from minutes ago and takes no copy: run it again later."""
    changes: tuple[Judged, ...]
    skipped: tuple[Skipped, ...]
    dry_run: bool


async def reparse(
    configuration: Configuration, wish: Wish, *, clock: Clock | None = None, catalogue: dict[str, ProviderModule]
) -> Report:
    """Raises SettingsError, WarehouseError, PublishError."""
    nats = configuration.section("nats", NatsSettings)
    warehouse = await connect_warehouse(configuration.section("clickhouse", ClickHouseSettings))
    try:
        replayed: list[Replayed] = []
        for name in _chosen(configuration, wish, catalogue):
            module = catalogue[name]
            replayer = Replayer(
                warehouse, module, settings_of(configuration, module), payload_limit=nats.max_payload_bytes
            )
            chosen = Chosen(provider=name, tenant=wish.tenant, account=wish.account, first=wish.first, last=wish.last)
            replayed += [one async for one in replayer.replay(chosen)]
        judged = await _judged(warehouse, replayed)
    finally:
        await warehouse.close()
    refused = 0 if wish.dry_run else await _publish(nats, judged, clock or SystemClock())
    return _report(wish, replayed, judged, refused)


def _chosen(configuration: Configuration, wish: Wish, catalogue: dict[str, ProviderModule]) -> Sequence[str]:
    names = wish.providers or tuple(name for name in configuration.tables("providers") if name in catalogue)
    unknown = [name for name in names if name not in catalogue]
    if unknown or not names:
        known = ", ".join(catalogue)
        what = f"no provider {unknown[0]!r}" if unknown else "name a provider whose settings are here"
        raise SettingsError([SettingsProblem("reparse", f"{what}; there are {known}")])
    return names


async def _judged(warehouse: Warehouse, replayed: Sequence[Replayed]) -> list[Judged]:
    keys = keys_of(replayed)
    return judge(replayed, await read_current(warehouse, keys) if keys else {})


async def _publish(nats: NatsSettings, judged: Sequence[Judged], clock: Clock) -> int:
    """How many the stream took for copies of what it had heard a moment ago."""
    events = [event for one in judged for event in to_corrections(one, now=clock.now())]
    if not events:
        return 0
    connection = await connect_nats(nats, name="reparse")
    try:
        stored = await Publisher(connection.js, producer="reparse", clock=clock).publish_many(events)
    finally:
        await connection.close()
    return sum(one.duplicate for one in stored)


def _report(wish: Wish, replayed: Sequence[Replayed], judged: Sequence[Judged], refused: int) -> Report:
    counts = Counter(one.verdict for one in judged)
    return Report(
        fetches=len(replayed),
        statements=len(judged),
        same=counts["same"],
        corrected=counts["corrected"],
        new=counts["new"],
        kept=counts["kept"],
        not_published=refused,
        changes=tuple(msgspec.structs.replace(one, events=()) for one in judged if one.verdict in ("corrected", "new")),
        skipped=tuple(
            Skipped(
                provider=one.fetch.job.provider,
                account=one.fetch.job.target,
                started_at=one.fetch.started_at,
                why=one.not_recorded or one.refused,
            )
            for one in replayed
            if one.not_recorded or one.refused
        ),
        dry_run=wish.dry_run,
    )


def show(report: Report) -> None:
    console = Console(highlight=False)
    if report.changes:
        table = Table("source", "observed", "what", "lines", "statement", header_style="bold")
        for one in report.changes:
            lines = f"{one.lines_before} → {one.lines_after}"
            table.add_row(one.source, one.observed_at.isoformat(), one.verdict, lines, one.after)
        console.print(table)
    for skipped in report.skipped:
        console.print(
            f"[yellow]not read again:[/] {skipped.account} at {skipped.started_at.isoformat()}: {skipped.why}"
        )
    verb = "would be corrected" if report.dry_run else "corrected"
    console.print(
        f"{report.fetches} fetches read again: {report.same} statements the same, {report.corrected} {verb}, "
        f"{report.new} new, {report.kept} left as they are, {len(report.skipped)} fetches not read"
    )
    if report.not_published:
        console.print(f"[red]{report.not_published} were stated so minutes ago: run it again in a few minutes[/]")


def _parse(arguments: Sequence[str] | None) -> tuple[Wish, bool]:
    parser = argparse.ArgumentParser(prog="holdfast reparse", description=__doc__)
    parser.add_argument("--provider", action="append", default=[])
    parser.add_argument("--tenant", default="")
    parser.add_argument("--account", default="")
    parser.add_argument("--from", dest="first", type=datetime.fromisoformat, default=BEGINNING)
    parser.add_argument("--to", dest="last", type=datetime.fromisoformat, default=END)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--json", action="store_true")
    found = parser.parse_args(arguments)
    wish = Wish(
        providers=tuple(found.provider),
        tenant=found.tenant,
        account=found.account,
        first=found.first,
        last=found.last,
        dry_run=found.dry_run,
    )
    return wish, found.json


def main(arguments: Sequence[str] | None = None) -> None:
    wish, as_json = _parse(arguments)
    try:
        configuration = read_configuration()
        log = configuration.section("log", LogSettings)
        logs.configure(service="reparse", level="error", format=log.format)
        settings = configuration.section("worker", WorkerSettings)
        catalogue = discover([Path(settings.providers_folder)] if settings.providers_folder else [])
        report = asyncio.run(reparse(configuration, wish, catalogue=catalogue))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EX_CONFIG)
    except (WarehouseError, PublishError, OSError) as error:
        sys.stderr.write(f"holdfast reparse: {error}\n")
        sys.exit(EX_UNAVAILABLE)
    if as_json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        show(report)
    sys.exit(1 if report.not_published else 0)
