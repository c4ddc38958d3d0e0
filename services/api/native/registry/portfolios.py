"""Portfolios: list, create, show, replace, and their members."""

from decimal import Decimal
from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import JSONBody
from msgspec import Meta, Struct

from holdfast.registry.records import Member, Portfolio
from services.api.callers import Asker, Caller
from services.api.currencies import to_text
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.problems import ApiError
from services.api.resources import Api, Resources
from services.api.vocabulary import Money, Name, Time

JumpRatio = Annotated[
    Money | None,
    Meta(
        description="How far its total may move between two points unseen, as a share of what it was: 0.2 is a fifth."
    ),
]
MemberId = Annotated[str, Meta(min_length=1, max_length=200)]


class MemberView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account or a nested portfolio, from `valid_from` (inclusive) to `valid_to` (exclusive)."""

    account: MemberId | None = None
    portfolio: MemberId | None = None
    valid_from: Time | None = None
    """Null: from the beginning."""
    valid_to: Time | None = None
    """Null: still."""


class PortfolioView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    name: str
    base_currency: str
    members: tuple[MemberView, ...]
    jump_ratio: Money | None
    """A total that moves further between two points, as a share of what it was, is noticed; 0: none is.
    Null: as the setting aggregator.guards.jump_ratio says."""
    created_at: Time


class PortfolioPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[PortfolioView]
    next_cursor: str | None


class PortfolioCreation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,62}$", examples=["family"])]
    name: Annotated[str, Meta(max_length=200)] = ""
    base_currency: Annotated[str, Meta(min_length=1, max_length=200, examples=["USD"])] = "USD"
    members: Annotated[tuple[MemberView, ...], Meta(max_length=10_000)] = ()
    jump_ratio: JumpRatio = None


class PortfolioChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is said of a portfolio; what is left out has its default."""

    name: Annotated[str, Meta(max_length=200)] = ""
    base_currency: Annotated[str, Meta(min_length=1, max_length=200, examples=["USD"])] = "USD"
    members: Annotated[tuple[MemberView, ...], Meta(max_length=10_000)] = ()
    jump_ratio: JumpRatio = None


class Members(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    members: Annotated[tuple[MemberView, ...], Meta(max_length=10_000)]


@get("/portfolios", operation_id="list_portfolios", responses=refusals())
async def list_portfolios(api: Api, caller: Asker, limit: Limit = None, cursor: CursorText = None) -> PortfolioPage:
    """The portfolios that this key may see, by id."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, str) or ""
    found = [one for one in caller.portfolios(api.registry) if one.id > after]
    page = found[:size]
    following = to_cursor(page[-1].id) if len(found) > size else None
    return PortfolioPage(items=[to_view(one) for one in page], next_cursor=following)


@post("/portfolios", operation_id="create_portfolio", responses=refusals(403, 409, 413))
async def create_portfolio(api: Api, caller: Asker, data: JSONBody[PortfolioCreation]) -> PortfolioView:
    """A new portfolio. PUT replaces one that exists."""
    caller.may_write()
    if (caller.tenant, data.id) in api.registry.portfolios:
        raise ApiError(
            409,
            "portfolio_exists",
            f"{data.id!r} exists already",
            field="id",
            fix="Choose another id, or PUT to change it",
        )
    created = await api.store.create_portfolio(
        caller.tenant,
        data.id,
        name=data.name,
        base_currency=data.base_currency,
        members=[_to_member(member) for member in data.members],
        jump_ratio=_to_share(data.jump_ratio),
    )
    await api.settle()
    return to_view(created)


@get("/portfolios/{portfolio:str}", operation_id="show_portfolio", responses=refusals(404))
async def show_portfolio(api: Api, caller: Asker, portfolio: Name) -> PortfolioView:
    return to_view(caller.find_portfolio(api.registry, portfolio))


@put("/portfolios/{portfolio:str}", operation_id="replace_portfolio", responses=refusals(403, 404, 413))
async def replace_portfolio(api: Api, caller: Asker, portfolio: Name, data: JSONBody[PortfolioChange]) -> PortfolioView:
    """Replace what is said of a portfolio. To end a membership and keep its history, give it a `valid_to`."""
    caller.may_write()
    caller.find_portfolio(api.registry, portfolio)
    return await _put(api, caller, portfolio, data)


@put("/portfolios/{portfolio:str}/members", operation_id="put_members", responses=refusals(403, 404, 413))
async def put_members(api: Api, caller: Asker, portfolio: Name, data: JSONBody[Members]) -> PortfolioView:
    """Replace the members alone."""
    caller.may_write()
    present = caller.find_portfolio(api.registry, portfolio)
    change = PortfolioChange(
        name=present.name,
        base_currency=present.base_currency,
        members=data.members,
        jump_ratio=to_text(present.jump_ratio),
    )
    return await _put(api, caller, portfolio, change)


@delete("/portfolios/{portfolio:str}", operation_id="remove_portfolio", status_code=204, responses=refusals(403, 404))
async def remove_portfolio(api: Api, caller: Asker, portfolio: Name) -> None:
    """Remove a portfolio that no other one nests. Its accounts stay."""
    caller.may_write()
    caller.find_portfolio(api.registry, portfolio)
    await api.store.remove_portfolio(caller.tenant, portfolio)
    await api.settle()


def to_view(portfolio: Portfolio) -> PortfolioView:
    return PortfolioView(
        id=portfolio.id,
        name=portfolio.name,
        base_currency=portfolio.base_currency,
        members=tuple(
            MemberView(
                account=member.account,
                portfolio=member.portfolio,
                valid_from=member.valid_from,
                valid_to=member.valid_to,
            )
            for member in portfolio.members
        ),
        jump_ratio=to_text(portfolio.jump_ratio),
        created_at=portfolio.created_at,
    )


async def _put(api: Resources, caller: Caller, portfolio: str, change: PortfolioChange) -> PortfolioView:
    stored = await api.store.put_portfolio(
        caller.tenant,
        portfolio,
        name=change.name,
        base_currency=change.base_currency,
        members=[_to_member(member) for member in change.members],
        jump_ratio=_to_share(change.jump_ratio),
    )
    await api.settle()
    return to_view(stored)


def _to_share(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _to_member(view: MemberView) -> Member:
    return Member(account=view.account, portfolio=view.portfolio, valid_from=view.valid_from, valid_to=view.valid_to)


ROUTES = [list_portfolios, create_portfolio, show_portfolio, replace_portfolio, put_members, remove_portfolio]
