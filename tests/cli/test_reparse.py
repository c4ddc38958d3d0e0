"""`holdfast reparse`: becomes the worker's own process, with the addresses that this command knows."""

import json
from pathlib import Path

import pytest

from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import Warehouse
from tests.support.commands import Done, holdfast


@pytest.fixture
def variables(
    warehouse: Warehouse, nats_settings: NatsSettings, clickhouse_settings: ClickHouseSettings
) -> dict[str, str]:
    """A migrated warehouse; of the provider everything but its credentials."""
    assert warehouse
    return {
        "HOLDFAST_NATS__URL": nats_settings.url,
        "HOLDFAST_CLICKHOUSE__URL": clickhouse_settings.url,
        "HOLDFAST_CLICKHOUSE__DATABASE": clickhouse_settings.database,
        "HOLDFAST_CLICKHOUSE__USER": clickhouse_settings.user,
        "HOLDFAST_CLICKHOUSE__PASSWORD": clickhouse_settings.password.reveal(),
        "HOLDFAST_PROVIDERS__OKX__VERSION": "v6",
    }


async def test_it_runs_without_credentials_and_says_what_it_read(variables: dict[str, str], tmp_path: Path) -> None:
    def run(*words: str) -> Done:
        return holdfast("reparse", *words, settings=variables, folder=tmp_path)

    done = run("--provider", "okx", "--from", "2026-01-01T00:00:00Z", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["fetches"], told["corrected"], told["dry_run"]) == (0, 0, True)
    unknown = run("--provider", "nobody")
    assert unknown.returncode == 78
    assert "no provider 'nobody'" in unknown.stderr
    without_zone = run("--from", "2026-01-01T00:00:00")
    assert without_zone.returncode == 1
    assert "time zone" in without_zone.stderr
