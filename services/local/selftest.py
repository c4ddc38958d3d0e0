"""`holdfast selftest`: the whole stack on free ports in a temporary directory, against the world's own truth.

The world's clock stands still, so there is one right answer for every number. The stack is given
until the deadline to arrive at it; what differs then is reported, number by number. Then every upstream
system is looked at in both directions (services.local.systems).
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from holdfast.registry.store import RegistryStore
from holdfast.settings import Secret, SettingsError
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import connect as connect_warehouse
from services.local import probes
from services.local.comparing import PortfolioCheck, check_portfolio, total_agrees
from services.local.directory import DataDirectory
from services.local.processes import ProcessFailedError
from services.local.registering import opened
from services.local.running import Running
from services.local.screen import wide_console
from services.local.settings import LocalSettings
from services.local.systems import SystemCheck, check_systems
from services.local.systems.bench import Bench

_DEADLINE_S = 45
_AGAIN_S = 0.5
FREE_PORTS = LocalSettings(nats_port=0, clickhouse_port=0, api_port=0, simulator_port=0, start_deadline_s=40)
_FROZEN = {
    "HOLDFAST_SIMULATOR__CLOCK_FROZEN": "true",
    "HOLDFAST_SIMULATOR__FETCH_EVERY_S": "3600",  # once: what stands still says the same again
    "HOLDFAST_SIMULATOR__OKX_REQUESTS_PER_SECOND": "0",
}

_NO_PAST = {"HOLDFAST_SCHEDULER__BACKFILL_DAYS": "0"}
"""The truth is of one instant; history would only keep the machine busy."""


class Verdict(Struct, frozen=True, kw_only=True):
    """What a self-test found; `ok` only if every number is equal."""

    ok: bool
    seconds: float
    accounts: int
    snapshots: int
    balances: int
    portfolios: tuple[PortfolioCheck, ...]
    systems: dict[str, SystemCheck]


def main() -> None:
    parser = argparse.ArgumentParser(prog="holdfast selftest", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    as_json = parser.parse_args().json
    try:
        verdict = asyncio.run(_in_temporary_directory(quiet=as_json))
    except (SettingsError, ProcessFailedError) as error:
        sys.stderr.write(f"holdfast: {error}\n")
        sys.exit(1)
    _print_json(verdict) if as_json else _print_table(verdict)
    sys.exit(0 if verdict.ok else 1)


async def _in_temporary_directory(*, quiet: bool) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="holdfast-selftest-", ignore_cleanup_errors=True) as folder:
        console = Console(stderr=True, quiet=quiet)
        running = Running(
            FREE_PORTS,
            DataDirectory(Path(folder)),
            lambda name, state: console.print(f"{name}: {state}", highlight=False, style="dim"),
            simulate=_FROZEN,
            settings_of_parts=_NO_PAST,
        )
        try:
            return await run(running)
        finally:
            await running.stop()


async def run(running: Running) -> Verdict:
    """Start, wait for equality or the deadline, count. Raises ProcessFailedError if the stack cannot come up."""
    began = time.monotonic()
    await running.start()
    assert running.world is not None  # noqa: S101
    truth = await probes.get_json(f"{running.simulator_url}/_truth")
    deadline = began + _DEADLINE_S
    async with opened(running.nats_settings, name="selftest") as store:
        keys = await _keys(store)
        checks = await _until_equal(running, truth, keys, deadline=deadline)
        bench = Bench(
            api_url=running.api_url,
            store=store,
            master_key=Secret(running.credentials.master_key),
            truth=truth,
            portfolios=checks,
        )
        systems = await _until_right(bench, deadline=deadline)
    counts = await _counts(running)
    return Verdict(
        ok=all(check.equal for check in checks) and all(system.right for system in systems.values()),
        seconds=round(time.monotonic() - began, 1),
        accounts=len(running.world["accounts"]),
        snapshots=sum(one["snapshots"] for one in counts.values()),
        balances=sum(one["balances"] for one in counts.values()),
        portfolios=tuple(checks),
        systems=systems,
    )


async def _until_equal(
    running: Running, truth: Mapping[str, Any], keys: Mapping[str, str], *, deadline: float
) -> list[PortfolioCheck]:
    while True:
        if time.monotonic() > deadline or await _totals_agree(running, truth, keys):
            checks = [await check_portfolio(running.api_url, keys[one["tenant"]], one) for one in truth["portfolios"]]
            if all(check.equal for check in checks) or time.monotonic() > deadline:
                return checks
        await asyncio.sleep(_AGAIN_S)


async def _totals_agree(running: Running, truth: Mapping[str, Any], keys: Mapping[str, str]) -> bool:
    """Up to the first that does not: the world is still arriving, and every axis is ten times the work."""
    for one in truth["portfolios"]:
        if not await total_agrees(running.api_url, keys[one["tenant"]], one):
            return False
    return True


async def _until_right(bench: Bench, *, deadline: float) -> dict[str, SystemCheck]:
    """Again while something differs: the API may not have heard of the keys yet."""
    while True:
        systems = await check_systems(bench)
        if all(system.right for system in systems.values()) or time.monotonic() > deadline:
            return systems
        await asyncio.sleep(_AGAIN_S)


async def _keys(store: RegistryStore) -> dict[str, str]:
    """A key of each tenant: one tenant's key shows nothing of another's portfolios."""
    tenants = (await store.read()).tenants
    return {tenant: (await store.create_key(tenant, label="selftest"))[1].reveal() for tenant in tenants}


async def _counts(running: Running) -> dict[str, dict[str, int]]:
    """Snapshots and lines by provider, each counted once however often it came."""
    warehouse = await connect_warehouse(
        ClickHouseSettings(
            url=f"http://127.0.0.1:{running.ports.clickhouse}",
            password=Secret(running.credentials.clickhouse_password),
        )
    )
    try:
        sql = (Path(__file__).parent / "counts.sql").read_text(encoding="utf-8")
        return {row.pop("provider"): row for row in await warehouse.query(sql)}
    finally:
        await warehouse.close()


def _print_json(verdict: Verdict) -> None:
    sys.stdout.write(msgspec.json.encode(verdict).decode() + "\n")


def _print_table(verdict: Verdict) -> None:
    console = wide_console()
    table = Table(header_style="bold")
    for column in ("tenant", "portfolio", "expected net USD", "actual", ""):
        table.add_column(column, overflow="fold")
    for check in verdict.portfolios:
        mark = "[green]equal[/]" if check.equal else f"[red]{len(check.differences)} differ[/]"
        table.add_row(check.tenant, check.id, check.expected, check.actual or "unknown", mark)
    console.print(table)
    for check in verdict.portfolios:
        for difference in check.differences[:10]:
            console.print(
                f"{check.id}: {difference.what} is {difference.actual}, must be {difference.expected}", highlight=False
            )
    _print_systems(console, verdict.systems)
    word = "[green]ok[/]" if verdict.ok else "[red]NOT equal[/]"
    console.print(
        f"{word}: {verdict.accounts} accounts, {verdict.snapshots} snapshots, {verdict.balances} balances "
        f"in {verdict.seconds} s",
        highlight=False,
    )


def _print_systems(console: Console, systems: Mapping[str, SystemCheck]) -> None:
    table = Table(header_style="bold")
    for column in ("system", "fetched", "served", "round trip"):
        table.add_column(column)
    for name, check in systems.items():
        marks = (
            "[green]yes[/]" if right else "[red]no[/]" for right in (check.fetched, check.served, check.round_trip)
        )
        table.add_row(name, *marks)
    console.print(table)
    for name, check in systems.items():
        for difference in check.differences[:10]:
            console.print(
                f"{name}, {difference.what} is {difference.actual}, must be {difference.expected}", highlight=False
            )


if __name__ == "__main__":
    main()
