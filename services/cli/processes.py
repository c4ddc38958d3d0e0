"""Subcommands that are processes of their own: this one becomes them."""

import os
import sys
from typing import Annotated, NoReturn

from cyclopts import Parameter

from services.cli.registry import JsonFlag

DryRun = Annotated[bool, Parameter(negative=(), help="Only tell what would be done.")]


def become(module: str, *arguments: str) -> NoReturn:
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


def up(*, demo: bool = False) -> None:
    """Run everything on this machine: NATS, ClickHouse and all services, supervised.

    Parameters
    ----------
    demo
        Fetch from a simulated world, kept apart from your own data.
    """
    become("services.local", *(["--demo"] if demo else []))


def selftest(*, json: JsonFlag = False) -> None:
    """Run the whole stack against the simulated world and compare every number with its truth."""
    become("services.local.selftest", *(["--json"] if json else []))


def migrate(*, dry_run: DryRun = False) -> None:
    """Declare streams, consumers, buckets, tables and views; safe to run again."""
    become("services.migrate", *(["--dry-run"] if dry_run else []))


def scheduler() -> None:
    """Publish fetch jobs when they are due."""
    become("services.scheduler")


def worker(*providers: str) -> None:
    """Fetch. One process can serve several providers.

    Parameters
    ----------
    providers
        Names, as `evm prices`; none means all that have settings.
    """
    become("services.worker", *providers)


def aggregator() -> None:
    """Turn events into rows, totals and breakdowns in ClickHouse."""
    become("services.aggregator")


def api() -> None:
    """Answer over HTTP."""
    become("services.api")


def simulator() -> None:
    """Serve the simulated world that the demo fetches from."""
    become("services.simulator")


def clickhouse() -> None:
    """Serve the embedded ClickHouse engine alone, over ClickHouse's HTTP interface."""
    become("holdfast.warehouse.embedded")
