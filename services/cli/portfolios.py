"""`holdfast portfolio`"""

from typing import Annotated, NoReturn

from cyclopts import App, Parameter
from rich.text import Text

from holdfast.registry.errors import RegistryError
from holdfast.registry.records import Member
from holdfast.registry.state import memberships
from services.cli.connections import clock
from services.cli.output import console, done, print_json, show, text
from services.cli.registry import (
    JsonFlag,
    PortfolioWord,
    TenantOption,
    chosen_tenant,
    parse_share,
    parse_time,
    registry,
)

app = App(name="portfolio", help="Named sets of accounts, and of other portfolios.")


@app.command
async def create(
    portfolio: str,
    *,
    tenant: TenantOption = None,
    name: str = "",
    currency: str = "USD",
    account: Annotated[list[str] | None, Parameter(negative=())] = None,
    nested: Annotated[list[str] | None, Parameter(negative=())] = None,
    jump_ratio: str | None = None,
    json: JsonFlag = False,
) -> None:
    """Add a portfolio.

    Parameters
    ----------
    portfolio
        Its id: lower-case letters, digits, '-' and '_'.
    name
        What people call it.
    currency
        Base currency: an ISO 4217 code.
    account
        A member account; may be repeated.
    nested
        A member portfolio; may be repeated.
    jump_ratio
        How far its total may move between two points unseen, as 0.2 for a fifth; left out, as the setting says.
    """
    members = [Member(account=one) for one in account or ()] + [Member(portfolio=one) for one in nested or ()]
    share = parse_share("jump_ratio", jump_ratio)
    async with registry() as store:
        owner = chosen_tenant(await store.read(), tenant)
        made = await store.create_portfolio(
            owner, portfolio, name=name, base_currency=currency, members=members, jump_ratio=share
        )
    print_json(made) if json else done(f"portfolio {made.id} of {made.tenant}, {len(made.members)} members")


@app.command(name="list")
async def list_portfolios(*, tenant: TenantOption = None, json: JsonFlag = False) -> None:
    """All portfolios."""
    async with registry() as store:
        state = await store.read()
    rows = [
        {
            "id": p.id,
            "tenant": p.tenant,
            "name": p.name,
            "currency": p.base_currency.removeprefix("iso4217:"),
            "accounts": len({m.account for m in memberships(state, p.tenant, p.id)}),
            "nested": sum(member.portfolio is not None for member in p.members),
        }
        for p in state.portfolios.values()
        if tenant in (None, p.tenant)
    ]
    show(rows, ["id", "tenant", "name", "currency", "accounts", "nested"], as_json=json)


@app.command(name="show")
async def show_portfolio(portfolio: PortfolioWord, *, tenant: TenantOption = None, json: JsonFlag = False) -> None:
    """Its members, nested portfolios resolved, with the time that each belongs to it."""
    async with registry() as store:
        state = await store.read()
    owner = chosen_tenant(state, tenant)
    record = state.portfolios.get((owner, portfolio))
    if record is None:
        known = ", ".join(name for who, name in sorted(state.portfolios) if who == owner) or "none yet"
        _refuse(portfolio, known)
    members = memberships(state, owner, portfolio)
    if json:
        print_json({"portfolio": record, "accounts": members})
        return
    currency = record.base_currency.removeprefix("iso4217:")
    console.print(Text.assemble((record.id, "bold"), f" {record.name}, in {currency}"), highlight=False)
    if record.jump_ratio is not None:
        console.print(f"its total may move by {record.jump_ratio:f} of what it was unseen")
    nested = [member.portfolio for member in record.members if member.portfolio]
    if nested:
        console.print(f"nested: {text(nested)}")
    rows = [{"account": m.account, "from": m.valid_from, "to": m.valid_to} for m in members]
    show(rows, ["account", "from", "to"], as_json=False, empty="no accounts yet: holdfast account add … --portfolio")


@app.command
async def add(
    portfolio: PortfolioWord,
    member: str,
    *,
    tenant: TenantOption = None,
    since: str | None = None,
    nested: bool = False,
) -> None:
    """Make an account, or with --nested a portfolio, a member.

    Parameters
    ----------
    member
        An account id, or with --nested the id of a portfolio.
    since
        From when on, ISO 8601; left out, from the beginning.
    nested
        The member is a portfolio.
    """
    at = parse_time("since", since)
    wish = Member(portfolio=member, valid_from=at) if nested else Member(account=member, valid_from=at)
    async with registry() as store:
        await store.add_member(chosen_tenant(await store.read(), tenant), portfolio, wish)
    done(f"{member} is in {portfolio}")


@app.command
async def end(portfolio: PortfolioWord, member: str, *, tenant: TenantOption = None, at: str | None = None) -> None:
    """End a membership; until then it was one, so history stays.

    Parameters
    ----------
    member
        The account id or portfolio that leaves.
    at
        From when on it is no longer in; left out, now.
    """
    when = parse_time("at", at) or clock.now()
    async with registry() as store:
        await store.end_member(chosen_tenant(await store.read(), tenant), portfolio, member, at=when)
    done(f"{member} is no longer in {portfolio}")


@app.command
async def jumps(
    portfolio: PortfolioWord, jump_ratio: str | None = None, *, tenant: TenantOption = None, json: JsonFlag = False
) -> None:
    """Say how far its total may move between two points unseen.

    Parameters
    ----------
    jump_ratio
        A share of what it was, as 0.2 for a fifth; 0: however far; left out, as the setting says.
    """
    share = parse_share("jump_ratio", jump_ratio)
    async with registry() as store:
        made = await store.put_jump_ratio(chosen_tenant(await store.read(), tenant), portfolio, share)
    allowed = "as far as the setting says" if share is None else f"by {share:f} of what it was"
    print_json(made) if json else done(f"the total of {made.id} may move {allowed} unseen")


def _refuse(portfolio: str, known: str) -> NoReturn:
    raise RegistryError("portfolio", f"there is no {portfolio!r}", f"There are: {known}")
