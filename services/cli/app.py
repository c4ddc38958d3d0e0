"""The `holdfast` command: groups of subcommands, and what every one of them has in common."""

import sys

from cyclopts import App

from holdfast.messaging.bucket import BucketUnavailableError
from holdfast.messaging.dead_letters import DeadLetterError
from holdfast.messaging.publishing import PublishError
from holdfast.registry.errors import RegistryError
from holdfast.settings import SettingsError
from holdfast.warehouse.errors import WarehouseError, WarehouseUnavailable
from services.cli import accounts, dead, events, fetching, keys, portfolios, processes, settings, sql, tenants, totals
from services.cli.output import CONFIGURATION, FAILED, UNAVAILABLE, fail


def build_app() -> App:
    app = App(
        name="holdfast",
        help="Portfolios from many providers as events, totals and history in ClickHouse.",
        help_epilogue="Every list takes --json. Settings: .env.example. What the numbers mean: docs/sql.md.",
    )
    processes.register(app)
    for group in (tenants, keys, portfolios, accounts, dead, settings):
        app.command(group.app)
    for module in (fetching, totals, events, sql):
        module.register(app)
    return app


def main(arguments: list[str] | None = None) -> None:
    """Runs a command. Exit codes: 0 done, 1 refused or failed, 69 a server is away, 78 bad settings."""
    try:
        build_app()(arguments)
    except SettingsError as error:
        fail("these settings are wrong:\n  " + "\n  ".join(map(str, error.problems)), code=CONFIGURATION)
    except RegistryError as error:
        fail(f"{error.field}: {error.message}", fix=error.fix)
    except (BucketUnavailableError, PublishError, WarehouseUnavailable) as error:
        fail(str(error), code=UNAVAILABLE)
    except (WarehouseError, DeadLetterError) as error:
        fail(str(error), code=FAILED)
    except KeyboardInterrupt:
        sys.exit(130)
