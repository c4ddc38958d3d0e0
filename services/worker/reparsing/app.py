"""Wiring of `holdfast reparse`: reads, replays, judges, publishes corrections and says what it did."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TaskID

from holdfast.domain.time import Clock, SystemClock
from holdfast.messaging.publishing import PublishError
from holdfast.observability import logs
from holdfast.providers.kit.discovery import ProviderModule, discover
from holdfast.settings import Configuration, SettingsError, SettingsProblem, read_configuration
from holdfast.settings.shared import ClickHouseSettings, LogSettings, NatsSettings
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.client import connect as connect_warehouse
from holdfast.warehouse.errors import WarehouseError
from services.worker.reparsing.correcting import Judged, Place, judge, keys_of
from services.worker.reparsing.keeping import BEGINNING, END, Chosen, Current, Sizes, count_fetches, read_current
from services.worker.reparsing.prices import PriceJudge
from services.worker.reparsing.publishing import Corrector
from services.worker.reparsing.replaying import Replayed, Replayer, settings_of
from services.worker.reparsing.reporting import Report, Tally, show
from services.worker.reparsing.standing import read_standing
from services.worker.reparsing.transfers import read_current_transfers
from services.worker.settings import WorkerSettings

EX_CONFIG, EX_UNAVAILABLE, EX_INTERRUPTED = 78, 69, 130


_SIZES = Sizes()


class Wish(Struct, frozen=True, kw_only=True):
    """What of the past is read again."""

    providers: tuple[str, ...] = ()
    """All that there are settings of, if none is named."""
    feeds: tuple[str, ...] = ()
    """All, if none is named."""
    tenant: str = ""
    account: str = ""
    first: datetime = BEGINNING
    last: datetime = END
    dry_run: bool = False
    sizes: Sizes = _SIZES


class Progress(Protocol):
    """Told as a run goes on."""

    def begin(self, provider: str, fetches: int) -> None: ...

    def advance(self, fetches: int) -> None: ...


async def reparse(
    configuration: Configuration,
    wish: Wish,
    *,
    clock: Clock | None = None,
    catalogue: dict[str, ProviderModule],
    progress: Progress | None = None,
    tally: Tally | None = None,
) -> Report:
    """Raises SettingsError, WarehouseError, PublishError.

    What is found is published a few fetches at a time, oldest first. A run that is cut short has corrected what it had
    reached, as `tally` says; a new one finds that the same and goes on.
    """
    nats, tally = configuration.section("nats", NatsSettings), tally or Tally()
    warehouse = await connect_warehouse(configuration.section("clickhouse", ClickHouseSettings))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(warehouse.close)
        corrector = Corrector(nats, clock or SystemClock(), stack, dry_run=wish.dry_run)
        names = _chosen(configuration, wish, catalogue)
        tally.providers = len(names)
        for name in names:
            module = catalogue[name]
            replayer = Replayer(
                warehouse,
                module,
                settings_of(configuration, module),
                payload_limit=nats.max_payload_bytes,
                sizes=wish.sizes,
            )
            chosen = Chosen(
                provider=name,
                feeds=wish.feeds,
                tenant=wish.tenant,
                account=wish.account,
                first=wish.first,
                last=wish.last,
            )
            if progress:
                progress.begin(name, await count_fetches(warehouse, chosen))
            prices = PriceJudge()
            async for some in replayer.replay(chosen):
                judged = corrector.only_once(await _judged(warehouse, some))
                changes = prices.judge(some, await read_standing(warehouse, some))
                await corrector.publish(judged, changes)
                tally.add(some, judged, changes)
                tally.put_off = replayer.put_off
                if progress:
                    progress.advance(len(some))
    return tally.to_report(dry_run=wish.dry_run)


def _chosen(configuration: Configuration, wish: Wish, catalogue: dict[str, ProviderModule]) -> Sequence[str]:
    names = wish.providers or tuple(name for name in configuration.tables("providers") if name in catalogue)
    unknown = [name for name in names if name not in catalogue]
    if unknown or not names:
        known = ", ".join(catalogue)
        what = f"no provider {unknown[0]!r}" if unknown else "name a provider whose settings are here"
        raise SettingsError([SettingsProblem("reparse", f"{what}; there are {known}")])
    feeds = {feed.name for name in names for feed in catalogue[name].manifest.feeds}
    if nobodys := [feed for feed in wish.feeds if feed not in feeds]:
        what = f"no feed {nobodys[0]!r} of {', '.join(names)}; there are {', '.join(sorted(feeds))}"
        raise SettingsError([SettingsProblem("reparse", what)])
    return names


async def _judged(warehouse: Warehouse, replayed: Sequence[Replayed]) -> list[Judged]:
    current: dict[Place, Current] = {}
    for kind, keys in keys_of(replayed).items():
        read = read_current_transfers(warehouse, keys) if kind == "transfers" else read_current(warehouse, kind, keys)
        current |= {(kind, key): found for key, found in (await read).items()}
    return judge(replayed, current)


class _Bar:
    """A line that moves, on standard error."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task: TaskID | None = None

    def begin(self, provider: str, fetches: int) -> None:
        self._task = self._bar.add_task(provider, total=fetches)

    def advance(self, fetches: int) -> None:
        if self._task is not None:
            self._bar.advance(self._task, fetches)


def _parse(arguments: Sequence[str] | None) -> tuple[Wish, bool]:
    parser = argparse.ArgumentParser(prog="holdfast reparse", description=__doc__)
    parser.add_argument("--provider", action="append", default=[])
    parser.add_argument("--feed", action="append", default=[])
    parser.add_argument("--tenant", default="")
    parser.add_argument("--account", default="")
    parser.add_argument("--from", dest="first", type=datetime.fromisoformat, default=BEGINNING)
    parser.add_argument("--to", dest="last", type=datetime.fromisoformat, default=END)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--json", action="store_true")
    found = parser.parse_args(arguments)
    wish = Wish(
        providers=tuple(found.provider),
        feeds=tuple(found.feed),
        tenant=found.tenant,
        account=found.account,
        first=found.first,
        last=found.last,
        dry_run=found.dry_run,
    )
    return wish, found.json


def main(arguments: Sequence[str] | None = None) -> None:
    wish, as_json = _parse(arguments)
    tally = Tally()
    try:
        configuration = read_configuration()
        log = configuration.section("log", LogSettings)
        logs.configure(service="reparse", level="error", format=log.format)
        settings = configuration.section("worker", WorkerSettings)
        catalogue = discover([Path(settings.providers_folder)] if settings.providers_folder else [])
        with Bar(console=Console(stderr=True), transient=True, disable=as_json) as bar:
            run = reparse(configuration, wish, catalogue=catalogue, progress=_Bar(bar), tally=tally)
            report = asyncio.run(run)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EX_CONFIG)
    except (WarehouseError, PublishError, OSError) as error:
        sys.stderr.write(f"holdfast reparse: {error}\n{_where(tally)}")
        sys.exit(EX_UNAVAILABLE)
    except KeyboardInterrupt:
        sys.stderr.write(_where(tally))
        sys.exit(EX_INTERRUPTED)
    if as_json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        show(report)


def _where(tally: Tally) -> str:
    if tally.reached is None:
        return "cut short before anything was read again\n"
    if tally.since is None:
        return f"cut short after {tally.fetches} fetches: run the same again, what is done already is found the same\n"
    return f"cut short after {tally.fetches} fetches: go on with --from {tally.since.isoformat()}\n"
