"""Each GET route of `/v1` is a documented view plus parameters, held equal to it by a test, or says why it is none."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from services.api.native.routes import PARTS
from services.api.queries import read
from tests.api.conftest import World
from tests.api.contract_world import TOKEN, write_what_examples_ask_for
from tests.api.world import insert
from tests.support.sql_answers import PAGE

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
TESTS = Path(__file__).resolve().parents[1]


class Shown(Struct, frozen=True):
    """The views that a route shows, and the test that holds it to them: `file.py::test`, below tests/."""

    views: tuple[str, ...]
    by: str


AS_THE_API_READS = """
SETTINGS output_format_json_quote_decimals = 1, output_format_json_quote_64bit_integers = 0,
         output_format_json_named_tuples_as_objects = 1, date_time_output_format = 'iso'
"""
HERE = "api/test_route_contract.py::test_a_route_shows_what_its_view_shows"
CLOSED = "api/test_closed_days.py::test_every_row_equals_what_http_answers"
CONTRACT = "api/test_sql_contract.py::"
SHOWN = {
    "show_total": Shown(
        ("portfolio_value", "positions_as_known"), CONTRACT + "test_the_total_and_the_breakdowns_equal_their_views"
    ),
    "show_breakdown": Shown(("portfolio_breakdown",), CONTRACT + "test_the_total_and_the_breakdowns_equal_their_views"),
    "show_series": Shown(("value_series",), CONTRACT + "test_the_unbroken_series_equals_the_endpoint"),
    "list_positions": Shown(
        ("latest_positions", "positions_as_known"), "api/test_positions.py::test_the_endpoint_equals_the_view"
    ),
    "list_corrections": Shown(("positions_as_known",), "api/test_as_known.py::test_the_same_correction_in_sql"),
    "list_checks": Shown(
        ("cross_checks",), "api/test_checks.py::test_each_check_stands_as_its_newest_and_best_known_row_says"
    ),
    "list_jumps": Shown(
        ("portfolio_jumps",), "api/test_checks.py::test_only_jumps_between_points_as_they_stand_are_listed"
    ),
    "show_what_if": Shown(
        ("portfolio_value_under", "positions_as_known"), "api/test_rules.py::test_the_view_says_what_the_endpoint_says"
    ),
    "list_rule_sets": Shown(("exclusion_rules",), "api/test_rules.py::test_the_view_says_what_the_endpoint_says"),
    "show_rule_set": Shown(("exclusion_rules",), "api/test_rules.py::test_the_view_says_what_the_endpoint_says"),
    "explain_total": Shown(
        ("portfolio_explained", "snapshot_events"), "api/test_explanations.py::test_the_endpoint_equals_the_view"
    ),
    "show_raw_response": Shown(
        ("raw_response_bodies",), "api/test_explanations.py::test_a_body_is_given_back_as_it_came"
    ),
    "show_returns": Shown(("portfolio_returns",), CLOSED),
    "list_flows": Shown(("portfolio_flows",), CLOSED),
    "show_attribution": Shown(("portfolio_attribution", "portfolio_attribution_lines"), CLOSED),
    "list_prices": Shown(
        ("price_freshness", "price_freshness_as_known"), "api/test_prices.py::test_the_endpoint_equals_its_view"
    ),
    "show_fetch": Shown(("fetch_attempts",), HERE),
    "list_sources": Shown(("source_freshness", "history_coverage"), HERE),
    "list_reported_returns": Shown(("reported_returns_current", "reported_returns_as_known"), HERE),
    "list_reported_totals": Shown(("reported_totals_current", "reported_totals_as_known"), HERE),
    "list_clusters": Shown(("token_clusters_as_of", "token_clusters_as_known"), HERE),
    "list_cluster_addresses": Shown(("cluster_addresses_as_of", "cluster_addresses_as_known"), HERE),
    "list_cluster_overviews": Shown(("cluster_overviews_as_of", "cluster_overviews_as_known"), HERE),
}
REGISTRY = "the registry's own record, from the key-value store: the tables only repeat part of it"
EXEMPT = {
    "list_portfolios": REGISTRY,
    "show_portfolio": REGISTRY,
    "list_accounts": REGISTRY,
    "show_account": REGISTRY,
    "list_watches": REGISTRY,
}

Case = tuple[str, str, dict[str, str], str]
CASES: tuple[Case, ...] = (
    (
        "list_sources",
        "/v1/sources",
        {},
        """
        SELECT f.source AS source, f.account AS account, f.provider AS provider, f.feed AS feed, f.scope AS scope,
            f.every_s AS every_s, f.counted AS counted, f.observed_at AS observed_at, f.fetched_at AS fetched_at,
            f.lines AS lines, f.stale AS stale, f.last_outcome AS last_outcome, nullIf(f.last_error, '') AS last_error,
            if(h.source = '', NULL, h.history_complete_from) AS history_complete_from
        FROM source_freshness AS f
        LEFT JOIN (SELECT * FROM history_coverage WHERE tenant = 'acme') AS h ON h.source = f.source AND h.feed = f.feed
        WHERE f.tenant = 'acme' ORDER BY source, feed
        """,
    ),
    (
        "list_reported_totals",
        "/v1/reported/totals",
        {},
        """
        SELECT source, account, provider, scope, platform, observed_at, currency, total, nullIf(reason, '') AS reason,
            fetched_at
        FROM reported_totals_current WHERE tenant = 'acme' ORDER BY source, observed_at, platform
        """,
    ),
    (
        "list_reported_returns",
        "/v1/reported/returns",
        {},
        """
        SELECT source, account, provider, scope, observed_at, fetched_at, block_number, quote, total_return,
            asset, amount, value, asset_return, nullIf(reason, '') AS reason
        FROM reported_returns_current WHERE tenant = 'acme' ORDER BY source, asset
        """,
    ),
    (
        "list_clusters",
        "/v1/clusters",
        {"at": "2026-03-01T12:30:00Z"},
        """
        SELECT token, provider, tenant, observed_at, cluster, amount, value_usd, share, trends, average_holding_s,
            pnl_usd, pnl_ratio, last_active_at, addresses
        FROM token_clusters_as_of(at = '2026-03-01 12:30:00') WHERE tenant IN ('acme', 'public')
        ORDER BY token, provider, tenant, cluster
        """,
    ),
    (
        "list_cluster_addresses",
        "/v1/clusters/addresses",
        {"at": "2026-03-01T12:30:00Z", "token": TOKEN},
        f"""
        SELECT provider, tenant, observed_at, cluster, position, address, amount, value_usd, share, is_contract,
            is_exchange, is_kol, holder_rank
        FROM cluster_addresses_as_of(at = '2026-03-01 12:30:00')
        WHERE tenant IN ('acme', 'public') AND token = '{TOKEN}' ORDER BY provider, tenant, cluster, position
        """,
    ),
    (
        "list_cluster_overviews",
        "/v1/clusters/overviews",
        {"at": "2026-03-01T12:30:00Z"},
        """
        SELECT token, provider, tenant, observed_at, fetched_at, clusters, has_overview,
            nullIf(concentration, '') AS concentration, top_100_share, rug_pull_ratio
        FROM cluster_overviews_as_of(at = '2026-03-01 12:30:00') WHERE tenant IN ('acme', 'public')
        ORDER BY token, provider, tenant
        """,
    ),
)


def operations() -> set[str]:
    routes = (route for part in PARTS for route in part.ROUTES)
    return {str(route.operation_id) for route in routes if "GET" in route.http_methods}


def test_every_route_that_reads_names_its_view_or_why_it_has_none() -> None:
    declared = [*SHOWN, *EXEMPT]
    assert len(set(declared)) == len(declared)
    assert operations() == set(declared), "declare each GET route of /v1 in SHOWN or, with its reason, in EXEMPT"


def test_every_view_of_a_route_is_on_the_page() -> None:
    documented = set(re.findall(r"^## (\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {view for shown in SHOWN.values() for view in shown.views} <= documented


def test_every_route_with_a_view_has_a_test_that_holds_the_two_equal() -> None:
    for operation, shown in SHOWN.items():
        file, _, name = shown.by.partition("::")
        assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8"), operation
    assert {operation for operation, shown in SHOWN.items() if shown.by == HERE} == {
        *(case[0] for case in CASES),
        "show_fetch",
    }


@pytest.mark.asyncio(loop_scope="module")
async def test_a_route_shows_what_its_view_shows(world: World) -> None:
    await write_what_examples_ask_for(world.resources.warehouse)
    await _write_account(world)
    for operation, path, params, sql in CASES:
        items = (await world.get(path, **params)).json()["items"]
        view = await read(world.resources.warehouse, sql + AS_THE_API_READS, {}, dict[str, Any])
        assert view, operation
        assert [_comparable(one, view[0]) for one in items] == [_comparable(one, one) for one in view], operation
    await _fetch_equals_its_view(world)


async def _write_account(world: World) -> None:
    """What the aggregator projects of the registry: the view sees sources through it."""
    for (tenant, account), record in world.resources.registry.accounts.items():
        sources = [
            {
                "provider": one.provider, "feed": one.feed, "scope": one.scope, "every_s": one.every_s,
                "counted": one.counted, "paused": one.paused or "",
            }
            for one in record.sources
        ]  # fmt: skip
        row = {"tenant": tenant, "account": account, "revision": 1, "spelling": account, "label": "", "deleted": False}
        await insert(world.resources.warehouse, "registry_accounts", [row | {"sources": sources}])


async def _fetch_equals_its_view(world: World) -> None:
    found = (await world.get("/v1/fetches/" + "1" * 32)).json()["attempts"]
    sql = "SELECT provider, feed, target, scope, lane, outcome, requests FROM fetch_attempts WHERE tenant = 'acme'"
    view = await read(
        world.resources.warehouse,
        f"{sql} AND job_id = {{job:String}}{AS_THE_API_READS}",
        {"job": "1" * 32},
        dict[str, Any],
    )
    assert view
    assert [{name: one[name] for name in view[0] if name in one} for one in found] == [
        {name: value for name, value in one.items() if name in found[0]} for one in view
    ]


def _comparable(item: dict[str, Any], columns: dict[str, Any]) -> dict[str, Any]:
    """The columns of the view; an instant as such, however many zeros it is written with."""
    return {name: _plain(item[name]) for name in columns}


def _plain(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) and _INSTANT.fullmatch(value) else value
