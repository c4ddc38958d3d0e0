"""The `holdfast` command: what there is, loaded only when it is asked for.

A subcommand costs the import of its own module, so that `holdfast up` is on its way at once.
"""

import importlib
import sys

from cyclopts import App

GROUPS = {
    "Registry": {
        "tenant": ("tenants:app", "Who owns keys, accounts and portfolios."),
        "key": ("keys:app", "Keys of the API."),
        "portfolio": ("portfolios:app", "Named sets of accounts, and of other portfolios."),
        "account": ("accounts:app", "Wallets and accounts that are fetched."),
        "feed": ("feeds:app", "What is fetched of nobody's account: prices, rates, clusters."),
        "rules": ("rules:app", "Which assets count in totals."),
    },
    "Reading": {
        "totals": ("totals:totals", "What a portfolio is worth now, and what it consists of."),
        "explain": ("explaining:explain", "Where a total is from, down to what upstream said."),
        "checks": ("checking:checks", "What is held against what, and whether it agrees."),
        "watch": ("events:watch", "Events as they pass."),
        "sql": ("sql:sql", "Ask ClickHouse, read-only."),
    },
    "Operations": {
        "fetch": ("fetching:fetch", "Fetch an account now, before anything that is merely due."),
        "backfill": ("backfilling:backfill", "Fetch the past of an account."),
        "reparse": ("reparsing:reparse", "Read what upstreams once said with today's parsers."),
        "rebuild": ("rebuilding:rebuild", "Derive everything again from what was observed, and compare."),
        "dead": ("dead:app", "Messages that wait for a person."),
        "config": ("settings:app", "Settings, as this command sees them."),
    },
    "Processes": {
        "up": ("processes:up", "Run everything on this machine."),
        "selftest": ("processes:selftest", "Run everything once, against the simulated world's own truth."),
        "migrate": ("processes:migrate", "Declare streams, consumers, tables and views."),
        "scheduler": ("processes:scheduler", "Publish fetch jobs when they are due."),
        "worker": ("processes:worker", "Fetch."),
        "aggregator": ("processes:aggregator", "Turn events into rows, totals and breakdowns."),
        "api": ("processes:api", "Answer over HTTP."),
        "simulator": ("processes:simulator", "Serve the simulated world."),
        "clickhouse": ("processes:clickhouse", "Serve the embedded ClickHouse engine alone."),
    },
}


def build_app() -> App:
    app = App(
        name="holdfast",
        help="Portfolios from many providers as events, totals and history in ClickHouse.",
        help_format="plaintext",
        help_epilogue="Every list takes --json. Settings: .env.example. Views to query: docs/sql.md.",
    )
    for group, commands in GROUPS.items():
        for name, (path, text) in commands.items():
            app.command(f"services.cli.{path}", name=name, help=text, group=group)
    return app


def main(arguments: list[str] | None = None) -> None:
    """Run a command. Exit codes: 0 done, 1 refused or failed, 2 wrong words, 69 a server is away, 78 bad settings."""
    try:
        build_app()(arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - what each means is said in failures.py
        importlib.import_module("services.cli.failures").explain(error)
