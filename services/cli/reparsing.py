"""`holdfast reparse`"""

import os
from typing import Annotated

from cyclopts import Parameter

from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from services.cli import connections
from services.cli.processes import become
from services.cli.registry import JsonFlag, parse_time

Providers = Annotated[
    tuple[str, ...], Parameter(name="--provider", negative=(), help="May be repeated; all with settings here.")
]
Feeds = Annotated[
    tuple[str, ...],
    Parameter(name="--feed", negative=(), help="As balances or prices; may be repeated; all by default."),
]
Tenant = Annotated[str, Parameter(help="Whose; all if left out.")]
Target = Annotated[str, Parameter(help="Of which account, token, or what else a feed watches; all if left out.")]
From = Annotated[str | None, Parameter(name="--from", help="Fetches since then (ISO 8601 with its zone).")]
To = Annotated[str | None, Parameter(name="--to", help="Fetches before then.")]
DryRun = Annotated[bool, Parameter(negative=(), help="Only tell what would be corrected.")]


def reparse(
    *,
    provider: Providers = (),
    feed: Feeds = (),
    tenant: Tenant = "",
    account: Target = "",
    from_: From = None,
    to: To = None,
    dry_run: DryRun = False,
    json: JsonFlag = False,
) -> None:
    """Read what upstreams once said with today's parsers, and correct the past where that says something else.

    Run it where the worker's settings are. It sends nothing to anybody: the answers are those that were kept.
    """
    words = [word for name in provider for word in ("--provider", name)]
    words += [word for name in feed for word in ("--feed", name)]
    words += ["--tenant", tenant] if tenant else []
    words += ["--account", account] if account else []
    for field, text in (("from", from_), ("to", to)):
        if (at := parse_time(field, text)) is not None:
            words += [f"--{field}", at.isoformat()]
    words += ["--dry-run"] if dry_run else []
    words += ["--json"] if json else []
    os.environ |= _addresses()
    become("services.worker.reparsing", *words)


def _addresses() -> dict[str, str]:
    """Where NATS and ClickHouse are, as this command knows it: maybe those of the local stack."""
    configuration = connections.configuration()
    nats, clickhouse = (
        configuration.section("nats", NatsSettings),
        configuration.section("clickhouse", ClickHouseSettings),
    )
    return {
        "HOLDFAST_NATS__URL": nats.url,
        "HOLDFAST_NATS__USER": nats.user,
        "HOLDFAST_NATS__PASSWORD": nats.password.reveal(),
        "HOLDFAST_CLICKHOUSE__URL": clickhouse.url,
        "HOLDFAST_CLICKHOUSE__DATABASE": clickhouse.database,
        "HOLDFAST_CLICKHOUSE__USER": clickhouse.user,
        "HOLDFAST_CLICKHOUSE__PASSWORD": clickhouse.password.reveal(),
    }
