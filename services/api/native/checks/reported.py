"""`/v1/reported/…`: what providers computed themselves. Beside ours, compared with it, never added to it."""

from datetime import UTC, datetime
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from holdfast.registry.state import Membership
from holdfast.warehouse.rows import stored_time
from services.api.callers import Asker, Caller
from services.api.native.moments import FAR, At, KnownAt, Moment, parse_moment
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.problems import ApiError
from services.api.queries import load_sql, read
from services.api.resources import Api, Resources
from services.api.vocabulary import Money, Time, parse_instant

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
From = Annotated[
    str | None,
    QueryParameter(
        name="from",
        schema_extra={"format": "date-time"},
        description="ISO 8601 with its zone; else from the very beginning. A statement at it is told.",
    ),
]
To = Annotated[
    str | None,
    QueryParameter(
        name="to",
        schema_extra={"format": "date-time"},
        description="ISO 8601 with its zone; else up to the newest statement. A statement at it is told.",
    ),
]


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


@get("/reported/returns", operation_id="list_reported_returns", responses=refusals())
async def list_reported_returns(
    api: Api,
    caller: Asker,
    *,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> ReportedReturnPage:
    """Since each account's beginning, by source and asset, as of the provider's last statement (up to `at`)."""
    size = page_size(limit, most=api.settings.max_page)
    # Before every key, the empty one of a statement without assets too.
    after = parse_cursor(cursor, tuple[str, str]) or ("", "")
    moment = parse_moment(at, known_at, now=api.clock.now())
    asked = {
        "tenant": caller.tenant,
        "everything": caller.portfolio is None,
        "accounts": [account for account, _, _ in _members(caller, api, moment)],
        "at": moment.at if moment else FAR,
        "known_at": moment.recorded_by if moment else FAR,
        "after_source": after[0],
        "after_key": after[1],
        "limit": size + 1,
    }
    found = await read(api.warehouse, load_sql(__file__, "reported_returns"), asked, ReportedReturn)
    page = found[:size]
    following = to_cursor((page[-1].source, page[-1].asset or "")) if len(found) > size else None
    return ReportedReturnPage(items=page, next_cursor=following)


@get("/reported/totals", operation_id="list_reported_totals", responses=refusals())
async def list_reported_totals(
    api: Api,
    caller: Asker,
    *,
    from_: From = None,
    to: To = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> ReportedTotalPage:
    """By source, time and platform: of the last statement, of the last one up to `at`, or all from `from` to `to`."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[str, Time, str]) or ("", _FIRST, "")
    history = from_ is not None or to is not None
    if history and at is not None:
        raise ApiError(400, "time_invalid", "it is an instant or a span of time", field="at", fix="Leave `at` out")
    moment = parse_moment(at, known_at, now=api.clock.now())
    asked = {
        "tenant": caller.tenant,
        "everything": caller.portfolio is None,
        "members": _spans(caller, api) if history else _members(caller, api, moment),
        "history": history,
        "start": parse_instant("from", from_) or _FIRST,
        "end": (moment.at if moment and not history else parse_instant("to", to)) or FAR,
        "known_at": moment.recorded_by if moment else FAR,
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


def _members(caller: Caller, api: Resources, moment: Moment | None) -> list[_Span]:
    """What is told last is told of the accounts of now, or of that instant."""
    if caller.portfolio is None:
        return []
    if moment is None:
        accounts = {account.id for account in caller.accounts(api.registry)}
    else:
        accounts = {one.account for one in caller.spans(api.registry) if _during(one, moment.at)}
    return [(account, stored_time(_FIRST), stored_time(FAR)) for account in sorted(accounts)]


def _during(span: Membership, at: datetime) -> bool:
    return (span.valid_from or _FIRST) <= at < (span.valid_to or FAR)


def _spans(caller: Caller, api: Resources) -> list[_Span]:
    """The past is told while an account belonged."""
    return [
        (one.account, stored_time(one.valid_from or _FIRST), stored_time(one.valid_to or FAR))
        for one in caller.spans(api.registry)
    ]


ROUTES = [list_reported_returns, list_reported_totals]
