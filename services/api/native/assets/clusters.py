"""`/v1/clusters`: who holds a watched token together, as a provider said: now, at an instant, or as known at a time.

Shares and ratios are fractions, periods seconds, money US dollars; null is what was not said. What nobody's own key
colours has the tenant `public`, and everybody sees it.
"""

from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from holdfast.domain.assets import AssetIdError, parse_asset
from services.api.callers import Asker
from services.api.native.moments import KnownAt, Moment, parse_moment
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.problems import ApiError
from services.api.queries import load_sql, read
from services.api.resources import Api
from services.api.vocabulary import Money, Time

At = Annotated[
    str | None,
    QueryParameter(
        name="at",
        schema_extra={"format": "date-time"},
        description="The last statements not later than this; else `known_at`, else now.",
    ),
]
Token = Annotated[str, QueryParameter(name="token", min_length=1, max_length=300, description="CAIP-19.")]
SomeToken = Annotated[
    str | None, QueryParameter(name="token", min_length=1, max_length=300, description="CAIP-19; else all of them.")
]
SomeCluster = Annotated[
    int | None,
    QueryParameter(name="cluster", ge=0, le=2**32 - 1, description="The cluster's place in the statement; else all."),
]


class TokenCluster(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Addresses that are taken to act together."""

    token: str
    provider: str
    tenant: str
    observed_at: Time
    cluster: int
    """Its place in the statement, from 0."""
    amount: Money | None
    value_usd: Money | None
    share: Money | None
    trends: list[str]
    average_holding_s: Money | None
    pnl_usd: Money | None
    pnl_ratio: Money | None
    buy_volume_usd: Money | None
    average_buy_price_usd: Money | None
    sell_volume_usd: Money | None
    average_sell_price_usd: Money | None
    last_active_at: Time | None
    addresses: int
    """How many are listed: /v1/clusters/addresses."""


class TokenClusterPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[TokenCluster]
    next_cursor: str | None


class ClusterAddress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    provider: str
    tenant: str
    observed_at: Time
    cluster: int
    position: int
    """Its place in the cluster, from 0."""
    address: str
    amount: Money | None
    value_usd: Money | None
    share: Money | None
    average_holding_s: Money | None
    last_active_at: Time | None
    is_contract: bool | None
    is_exchange: bool | None
    is_kol: bool | None
    holder_rank: int | None
    """Among all holders of the token, from 1."""


class ClusterAddressPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: str
    items: list[ClusterAddress]
    next_cursor: str | None


class HolderGroup(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many of the greatest holders, taken together. Distances are from the current price."""

    holders: int
    amount: Money | None
    share: Money | None
    average_holding_s: Money | None
    average_pnl_usd: Money | None
    average_buy_price_usd: Money | None
    average_buy_distance: Money | None
    average_sell_price_usd: Money | None
    average_sell_distance: Money | None


class ClusterOverview(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token's holders in figures."""

    token: str
    provider: str
    tenant: str
    observed_at: Time
    fetched_at: Time
    clusters: int
    has_overview: bool
    """False where only clusters were stated."""
    concentration: str | None
    top_100_share: Money | None
    rug_pull_ratio: Money | None
    new_holder_ratio: Money | None
    same_fund_source_ratio: Money | None
    same_creation_time_ratio: Money | None
    top_holders: list[HolderGroup]


class ClusterOverviewPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[ClusterOverview]
    next_cursor: str | None


@get("/clusters", operation_id="list_clusters", responses=refusals())
async def list_clusters(
    api: Api,
    caller: Asker,
    *,
    token: SomeToken = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> TokenClusterPage:
    """By token, provider and place. A statement is complete: a cluster that the last one does not list is gone."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[str, str, str, int]) or ("", "", "", -1)
    asked = {
        "tenants": list(caller.market_tenants()),
        "token": None if token is None else _asset(token),
        **_times(at, known_at, api.clock.now()),
        "after_token": after[0],
        "after_provider": after[1],
        "after_tenant": after[2],
        "after_cluster": after[3],
        "limit": size + 1,
    }
    found = await read(api.warehouse, load_sql(__file__, "token_clusters"), asked, TokenCluster)
    page = found[:size]
    last = page[-1] if len(found) > size else None
    following = to_cursor((last.token, last.provider, last.tenant, last.cluster)) if last else None
    return TokenClusterPage(items=page, next_cursor=following)


@get("/clusters/addresses", operation_id="list_cluster_addresses", responses=refusals())
async def list_cluster_addresses(
    api: Api,
    caller: Asker,
    *,
    token: Token,
    cluster: SomeCluster = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> ClusterAddressPage:
    """Of one token, by provider, cluster and place."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[str, str, int, int]) or ("", "", -1, -1)
    asset = _asset(token)
    asked = {
        "tenants": list(caller.market_tenants()),
        "token": asset,
        "cluster": cluster,
        **_times(at, known_at, api.clock.now()),
        "after_provider": after[0],
        "after_tenant": after[1],
        "after_cluster": after[2],
        "after_position": after[3],
        "limit": size + 1,
    }
    found = await read(api.warehouse, load_sql(__file__, "cluster_addresses"), asked, ClusterAddress)
    page = found[:size]
    last = page[-1] if len(found) > size else None
    following = to_cursor((last.provider, last.tenant, last.cluster, last.position)) if last else None
    return ClusterAddressPage(token=asset, items=page, next_cursor=following)


@get("/clusters/overviews", operation_id="list_cluster_overviews", responses=refusals())
async def list_cluster_overviews(
    api: Api,
    caller: Asker,
    *,
    token: SomeToken = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> ClusterOverviewPage:
    """By token and provider, with the greatest holders in groups."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[str, str, str]) or ("", "", "")
    asked = {
        "tenants": list(caller.market_tenants()),
        "token": None if token is None else _asset(token),
        **_times(at, known_at, api.clock.now()),
        "after_token": after[0],
        "after_provider": after[1],
        "after_tenant": after[2],
        "limit": size + 1,
    }
    found = await read(api.warehouse, load_sql(__file__, "cluster_overviews"), asked, ClusterOverview)
    page = found[:size]
    last = page[-1] if len(found) > size else None
    following = to_cursor((last.token, last.provider, last.tenant)) if last else None
    return ClusterOverviewPage(items=page, next_cursor=following)


def _asset(text: str) -> str:
    try:
        return parse_asset(text)
    except AssetIdError as error:
        fix = "Write CAIP-19, as eip155:1/erc20:0x…"
        raise ApiError(400, "token_invalid", str(error), field="token", fix=fix) from error


def _times(at: str | None, known_at: str | None, now: datetime) -> dict[str, datetime]:
    """What every query of the views asks with."""
    moment = parse_moment(at, known_at, now=now) or Moment(at=now, known_at=None)
    return {"at": moment.at, "known_at": moment.recorded_by}


ROUTES = [list_clusters, list_cluster_addresses, list_cluster_overviews]
