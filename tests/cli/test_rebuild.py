"""`holdfast rebuild`: says what differs, exits accordingly, and puts it right on request."""

import json
from pathlib import Path

import pytest

from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse
from tests.rebuild.test_differences import kept
from tests.support.commands import Done, holdfast

__all__ = ["kept"]


@pytest.fixture
def variables(clickhouse_settings: ClickHouseSettings) -> dict[str, str]:
    return {
        "HOLDFAST_CLICKHOUSE__URL": clickhouse_settings.url,
        "HOLDFAST_CLICKHOUSE__DATABASE": clickhouse_settings.database,
        "HOLDFAST_CLICKHOUSE__USER": clickhouse_settings.user,
        "HOLDFAST_CLICKHOUSE__PASSWORD": clickhouse_settings.password.reveal(),
    }


async def test_a_difference_is_told_with_exit_code_1_and_gone_after_a_swap(
    kept: Warehouse, variables: dict[str, str], tmp_path: Path
) -> None:
    def run(*words: str) -> Done:
        return holdfast("rebuild", *words, settings=variables, folder=tmp_path)

    clean = run()
    assert (clean.returncode, "no difference" in clean.stdout) == (0, True), clean.stderr
    await kept.command(
        "INSERT INTO portfolio_totals SELECT * REPLACE (net + 1 AS net, version + 1 AS version) "
        "FROM portfolio_totals FINAL WHERE portfolio = 'one' AND bucket = '2026-01-31 22:00:00'"
    )
    wrong = run("--portfolio", "acme/one", "--json")
    assert wrong.returncode == 1, wrong.stderr
    told = json.loads(wrong.stdout)
    assert (told["differences"], told["repaired"], len(told["findings"])) == (1, 0, 1)
    swapped = run("--portfolio", "acme/one", "--swap")
    assert (swapped.returncode, "1 differences put right" in swapped.stdout) == (0, True), swapped.stderr
    assert run().returncode == 0


def test_a_run_is_not_taken_up_for_other_portfolios(variables: dict[str, str], tmp_path: Path) -> None:
    words = ("--resume", "20260301-123000-1f2e-all", "--portfolio", "acme/one")
    refused = holdfast("rebuild", *words, settings=variables, folder=tmp_path)
    assert refused.returncode == 1
    assert "20260301-123000-1f2e-all is of everything" in refused.stderr


def test_a_portfolio_without_its_tenant_is_refused(variables: dict[str, str], tmp_path: Path) -> None:
    refused = holdfast("rebuild", "--portfolio", "family", settings=variables, folder=tmp_path)
    assert refused.returncode == 1
    assert "acme/family" in refused.stderr


async def test_a_portfolio_that_there_is_not_is_no_portfolio_without_differences(
    kept: Warehouse, variables: dict[str, str], tmp_path: Path
) -> None:
    words = ("--portfolio", "acme/one", "--portfolio", "acme/nosuch")
    refused = holdfast("rebuild", *words, settings=variables, folder=tmp_path)
    assert (refused.returncode, "no difference" in refused.stdout) == (1, False)
    assert "there is no portfolio 'acme/nosuch'" in refused.stderr


async def test_a_run_of_which_nothing_is_kept_is_not_begun_in_its_place(
    kept: Warehouse, variables: dict[str, str], tmp_path: Path
) -> None:
    refused = holdfast("rebuild", "--resume", "20260301-123000-1f2e-all", settings=variables, folder=tmp_path)
    assert refused.returncode == 1
    assert "nothing is kept of a run '20260301-123000-1f2e-all'" in refused.stderr
    assert await kept.value("SELECT count() FROM rebuild_units") == 0
