"""`/v1/reported/…`: what providers computed themselves. Beside ours, compared with it, never added to it."""

from datetime import UTC, datetime

from litestar import get
from msgspec import Struct

from holdfast.warehouse.rows import stored_time
from services.api.callers import Asker, Caller
from services.api.native.series_range import From, To
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.queries import load_sql, read
from services.api.resources import Api, Resources
from services.api.vocabulary import Money, Time, parse_instant

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)


class ReportedReturn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One asset of a provider's last statement of returns; the asset is null where the statement names none."""

    source: str
    account: str
    provider: str
    scope: str
    observed_at: Time
    fetched_at: Time
    block_number: int | None
    quote: str
    """The currency of the money in this row, as an asset id."""
    total_return: Money | None
    """Of the whole statement, as the provider summed it."""
    asset: str | None
    amount: Money | None
    value: Money | None
    asset_return: Money | None
    reason: str | None


class ReportedReturnPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[ReportedReturn]
    next_cursor: str | None


class ReportedTotal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str
    account: str
    provider: str
    scope: str
    platform: str
    """Empty for the whole account."""
    observed_at: Time
    currency: str
    total: Money | None
    """Null where the provider could not say."""
    reason: str | None
    """`unreliable_conversion` where the provider says that it lacked a rate."""
    fetched_at: Time


class ReportedTotalPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[ReportedTotal]
    next_cursor: str | None


@get("/reported/returns", operation_id="list_reported_returns", responses=refusals(400))
async def list_reported_returns(
    api: Api, caller: Asker, limit: Limit = None, cursor: CursorText = None
) -> ReportedReturnPage:
    """Since each account's beginning, by source and asset, as of the provider's last statement."""
    size = page_size(limit, most=api.settings.max_page)
    # Before every key, the empty one of a statement without assets too.
    after = parse_cursor(cursor, tuple[str, str]) or ("", "")
    asked = {
        "tenant": caller.tenant,
        "everything": caller.portfolio is None,
        "accounts": [account for account, _, _ in _members(caller, api)],
        "after_source": after[0],
        "after_key": after[1],
        "limit": size + 1,
    }
    found = await read(api.warehouse, load_sql(__file__, "reported_returns"), asked, ReportedReturn)
    page = found[:size]
    following = to_cursor((page[-1].source, page[-1].asset or "")) if len(found) > size else None
    return ReportedReturnPage(items=page, next_cursor=following)


@get("/reported/totals", operation_id="list_reported_totals", responses=refusals(400))
async def list_reported_totals(
    api: Api,
    caller: Asker,
    *,
    from_: From = None,
    to: To = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> ReportedTotalPage:
    """By source, time and platform: of the last statement, or with `from` or `to` all of that time."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[str, Time, str]) or ("", _FIRST, "")
    history = from_ is not None or to is not None
    asked = {
        "tenant": caller.tenant,
        "everything": caller.portfolio is None,
        "members": _spans(caller, api) if history else _members(caller, api),
        "history": history,
        "start": parse_instant("from", from_) or _FIRST,
        "end": parse_instant("to", to) or _LAST,
        "after_source": after[0],
        "after_at": after[1],
        "after_platform": after[2],
        "limit": size + 1,
    }
    found = await read(api.warehouse, load_sql(__file__, "reported_totals"), asked, ReportedTotal)
    page = found[:size]
    following = to_cursor((page[-1].source, page[-1].observed_at, page[-1].platform)) if len(found) > size else None
    return ReportedTotalPage(items=page, next_cursor=following)


_Span = tuple[str, str, str]
"""Account, from, to. None for a key of the whole tenant: it sees accounts that have been removed as well."""


def _members(caller: Caller, api: Resources) -> list[_Span]:
    """What is told last is told of the accounts of now."""
    if caller.portfolio is None:
        return []
    return [(one.id, stored_time(_FIRST), stored_time(_LAST)) for one in caller.accounts(api.registry)]


def _spans(caller: Caller, api: Resources) -> list[_Span]:
    """The past is told while an account belonged."""
    return [
        (one.account, stored_time(one.valid_from or _FIRST), stored_time(one.valid_to or _LAST))
        for one in caller.spans(api.registry)
    ]


ROUTES = [list_reported_returns, list_reported_totals]
