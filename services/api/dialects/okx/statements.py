"""The last statement about a token's holders at an instant: of the caller's own watches, or of everybody's."""

from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from holdfast.warehouse.client import Parameters
from services.api.callers import Caller
from services.api.queries import load_sql, read
from services.api.resources import Resources

RowT = TypeVar("RowT")


class Statement(Struct, frozen=True, kw_only=True):
    """The overview's row, which is the statement's own. Numbers are decimal text."""

    tenant: str
    provider: str
    observed_at: datetime
    event_id: str
    has_overview: bool
    concentration: str | None
    top_100_share: str | None
    rug_pull_ratio: str | None
    new_holder_ratio: str | None
    same_fund_source_ratio: str | None
    same_creation_time_ratio: str | None


class ClusterRow(Struct, frozen=True, kw_only=True):
    cluster: int
    amount: str | None
    value_usd: str | None
    share: str | None
    trends: list[str]
    average_holding_s: str | None
    pnl_usd: str | None
    pnl_ratio: str | None
    buy_volume_usd: str | None
    average_buy_price_usd: str | None
    sell_volume_usd: str | None
    average_sell_price_usd: str | None
    last_active_ms: int | None


class AddressRow(Struct, frozen=True, kw_only=True):
    cluster: int
    address: str
    amount: str | None
    value_usd: str | None
    share: str | None
    average_holding_s: str | None
    last_active_ms: int | None
    is_contract: bool | None
    is_exchange: bool | None
    is_kol: bool | None
    holder_rank: int | None


class GroupRow(Struct, frozen=True, kw_only=True):
    holders: int
    amount: str | None
    share: str | None
    trends: list[str]
    average_holding_s: str | None
    average_pnl_usd: str | None
    average_buy_price_usd: str | None
    average_buy_distance: str | None
    average_sell_price_usd: str | None
    average_sell_distance: str | None


async def read_statement(api: Resources, caller: Caller, token: str, at: datetime) -> Statement | None:
    """Of several sources the youngest, and of equally young ones the caller's own."""
    params = {"tenants": list(caller.market_tenants()), "token": token, "at": at}
    found = await read(api.warehouse, load_sql(__file__, "statement"), params, Statement)
    return found[0] if found else None


async def read_clusters(api: Resources, token: str, statement: Statement) -> list[ClusterRow]:
    return await _read(api, "clusters", token, statement, ClusterRow)


async def read_addresses(api: Resources, token: str, statement: Statement) -> list[AddressRow]:
    return await _read(api, "addresses", token, statement, AddressRow)


async def read_groups(api: Resources, token: str, statement: Statement) -> list[GroupRow]:
    return await _read(api, "groups", token, statement, GroupRow)


async def read_chains(api: Resources, caller: Caller) -> list[str]:
    """CAIP-2 of the chains of all tokens of which anything was ever stated to the caller."""
    rows = await read(
        api.warehouse, load_sql(__file__, "chains"), {"tenants": list(caller.market_tenants())}, _ChainRow
    )
    return [row.chain for row in rows]


class _ChainRow(Struct, frozen=True, kw_only=True):
    chain: str


async def _read(api: Resources, name: str, token: str, statement: Statement, kind: type[RowT]) -> list[RowT]:
    """Rows of one statement, by its key: what comes in meanwhile is another."""
    params: Parameters = {
        "token": token,
        "tenant": statement.tenant,
        "provider": statement.provider,
        "observed_at": statement.observed_at,
        "event_id": statement.event_id,
    }
    return await read(api.warehouse, load_sql(__file__, name), params, kind)
