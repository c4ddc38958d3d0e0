"""`/v1/portfolios/{id}/checks`: our numbers held against what providers say, and providers against each other."""

from typing import Annotated, Literal

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from holdfast.registry.state import RegistryState, memberships
from services.api.callers import Asker, Caller
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.queries import load_sql, read
from services.api.resources import Api
from services.api.vocabulary import Money, Name, Time

Verdict = Literal["within", "outside", "unknown"]
VerdictText = Annotated[Verdict | None, QueryParameter(name="verdict", description="Only checks that stand so.")]
_BEFORE_ALL = ("", "", "", "")


class Check(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The newest of its kind. Money is US dollars, debt below zero."""

    source: str
    """Whose lines are ours."""
    kind: Literal["reported_total", "other_source", "reported_return"]
    """Against the provider's own total, another provider's statement of the account and scope, or the provider's own
    return."""
    against: str
    platform: str
    """Empty: the whole source."""
    at: Time
    """Of the other's statement."""
    since: Time | None
    """Of returns: what was gained from then on is compared."""
    account: str
    ours_at: Time | None
    ours: Money | None
    theirs: Money | None
    currency: str
    """That they stated it in."""
    stated: Money | None
    """Of returns: since the account's beginning, as they sum it."""
    rate_at: Time | None
    """Of the rate that brought it to US dollars; null where none was needed or known."""
    difference: Money | None
    """Ours less theirs."""
    ratio: Money | None
    """Of the greater one; of returns, of the money at work if that is greater."""
    tolerance: Money
    """The ratio that was allowed when it was judged."""
    verdict: Verdict
    reason: str | None
    """Why nothing can be said: not_seen, history_incomplete, no_total, no_rate, unpriced,
    unreliable_conversion or out_of_range."""
    lines_unpriced: int
    """Of returns: assets of which one side does not know the gain; they are in neither sum."""
    asset: str | None
    """That the two differ most in."""
    asset_difference: Money | None


class CheckPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[Check]
    next_cursor: str | None


@get("/portfolios/{portfolio:str}/checks", operation_id="list_checks", responses=refusals(404))
async def list_checks(
    api: Api,
    caller: Asker,
    *,
    portfolio: Name,
    verdict: VerdictText = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> CheckPage:
    """Of the sources of every account that is or was a member, compared ones too; for a bound key, that is one now."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[str, str, str, str]) or _BEFORE_ALL
    caller.find_portfolio(api.registry, portfolio)
    params = {
        "tenant": caller.tenant,
        "accounts": _accounts(api.registry, caller, portfolio),
        "verdict": verdict or "",
        **dict(zip(("after_source", "after_kind", "after_against", "after_platform"), after, strict=True)),
        "limit": size + 1,
    }
    found = await read(api.warehouse, load_sql(__file__, "checks"), params, Check)
    page = found[:size]
    return CheckPage(items=page, next_cursor=to_cursor(_place(page[-1])) if len(found) > size else None)


def _accounts(registry: RegistryState, caller: Caller, portfolio: str) -> list[str]:
    if caller.portfolio is not None:
        return [account.id for account in caller.accounts(registry)]
    return sorted({member.account for member in memberships(registry, caller.tenant, portfolio)})


def _place(one: Check) -> tuple[str, str, str, str]:
    return one.source, one.kind, one.against, one.platform


ROUTES = [list_checks]
