"""`/v1/rules`: which assets count in totals. Every change is a set of its own; none is ever changed."""

from collections.abc import Iterable
from typing import Annotated, Literal

from litestar import get, put
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from holdfast.registry.records import Rule, RuleSet
from holdfast.registry.rules import find_rules, rule_sets
from services.api.callers import Asker, Caller
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.problems import ApiError
from services.api.resources import Api
from services.api.vocabulary import Time

Number = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]


class RuleView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether an asset counts. A rule of one portfolio outweighs one of all."""

    asset: Annotated[str, Meta(min_length=1, max_length=200, examples=["eip155:1/erc20:0x" + "5" * 40])]
    action: Literal["exclude", "keep"] = "exclude"
    portfolio: Annotated[str, Meta(min_length=1, max_length=63)] | None = None
    """Null: all of the tenant."""
    why: Annotated[str, Meta(max_length=200)] = ""


class RuleSetView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: int
    holds: bool
    """Whether it is the newest, which every total is computed under."""
    rules: list[RuleView]
    note: str
    created_at: Time


class RuleSetPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[RuleSetView]
    next_cursor: str | None


class RulesWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All the rules there shall be."""

    rules: Annotated[tuple[RuleView, ...], Meta(max_length=3_000)]
    note: Annotated[str, Meta(max_length=200)] = ""


@get("/rules", operation_id="list_rule_sets", responses=refusals())
async def list_rule_sets(api: Api, caller: Asker, limit: Limit = None, cursor: CursorText = None) -> RuleSetPage:
    """Newest first. A key that is bound to a portfolio sees the rules that concern it."""
    size = page_size(limit, most=api.settings.max_page)
    before = parse_cursor(cursor, int)
    sets = rule_sets(api.registry, caller.tenant)[::-1]
    found = [one for one in sets if before is None or one.number < before]
    page = found[:size]
    return RuleSetPage(
        items=[to_view(one, caller, holds=one == sets[0]) for one in page],
        next_cursor=to_cursor(page[-1].number) if len(found) > size else None,
    )


@get("/rules/{number:int}", operation_id="show_rule_set", responses=refusals(404))
async def show_rule_set(api: Api, caller: Asker, number: Number) -> RuleSetView:
    found = find_rules(api.registry, caller.tenant, number)
    if found is None:
        raise ApiError(
            404,
            "rules_unknown",
            f"there is no rule set {number}",
            field="number",
            fix="GET /v1/rules lists them",
        )
    return to_view(found, caller, holds=found == rule_sets(api.registry, caller.tenant)[-1])


@put("/rules", operation_id="put_rules", responses=refusals(403, 413))
async def put_rules(api: Api, caller: Asker, data: JSONBody[RulesWish]) -> RuleSetView:
    """Make these the rules: a set of the next number, under which every stored point is computed again.

    Rules that hold already make no new set. To go back to an earlier one, send its rules.
    """
    caller.may_write()
    wish = [Rule(asset=rule.asset, action=rule.action, portfolio=rule.portfolio, why=rule.why) for rule in data.rules]
    stored = await api.store.put_rules(caller.tenant, wish, note=data.note)
    await api.settle()
    return to_view(stored, caller, holds=True)


def to_view(one: RuleSet, caller: Caller, *, holds: bool) -> RuleSetView:
    return RuleSetView(
        number=one.number,
        holds=holds,
        rules=[
            RuleView(asset=rule.asset, action=rule.action, portfolio=rule.portfolio, why=rule.why)
            for rule in _concerning(one.rules, caller.portfolio)
        ],
        note=one.note,
        created_at=one.created_at,
    )


def _concerning(rules: Iterable[Rule], portfolio: str | None) -> list[Rule]:
    return [rule for rule in rules if portfolio is None or rule.portfolio in (None, portfolio)]


ROUTES = [list_rule_sets, show_rule_set, put_rules]
