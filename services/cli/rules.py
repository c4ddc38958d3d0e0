"""`holdfast rules`"""

from collections.abc import Callable
from importlib.resources import files
from typing import Annotated

from cyclopts import App, Parameter

from holdfast.domain.assets import AssetIdError, parse_asset
from holdfast.registry.errors import RegistryError
from holdfast.registry.records import Rule, RuleSet
from holdfast.registry.rules import find_rules, newest_rules, rule_sets
from holdfast.registry.state import RegistryState
from holdfast.registry.validation import existing_portfolio
from services.cli import connections
from services.cli.output import FAILED, console, done, fail, print_json, show, text
from services.cli.registry import AssetWord, JsonFlag, PortfolioWord, TenantOption, chosen_tenant, registry

app = App(name="rules", help="Which assets count in totals. Every change is a set of its own; none is ever changed.")
_NUMBER = Parameter(help="Of the set, as `holdfast rules list` shows it.")
NumberWord = Annotated[int, _NUMBER]
OptionalNumber = Annotated[int | None, _NUMBER]
WhyOption = Annotated[str, Parameter(help="What people are told of it.")]
PortfolioOption = Annotated[str | None, Parameter(help="The only portfolio that it is said of; else all.")]


@app.command(name="list")
async def list_sets(*, tenant: TenantOption = None, json: JsonFlag = False) -> None:
    """All rule sets, the one that holds last."""
    async with registry() as store:
        state = await store.read()
    sets = rule_sets(state, chosen_tenant(state, tenant))
    rows = [{"number": s.number, "rules": len(s.rules), "note": s.note, "created_at": s.created_at} for s in sets]
    show(rows, ["number", "rules", "note", "created_at"], as_json=json)


@app.command(name="show")
async def show_set(number: OptionalNumber = None, *, tenant: TenantOption = None, json: JsonFlag = False) -> None:
    """The rules of a set; without a number, of the one that holds."""
    async with registry() as store:
        state = await store.read()
    owner = chosen_tenant(state, tenant)
    found = newest_rules(state, owner) if number is None else _find(state, owner, number)
    if json:
        print_json(found)
        return
    rows = [
        {"asset": r.asset, "action": r.action, "portfolio": r.portfolio or "all", "why": r.why}
        for r in (found.rules if found else ())
    ]
    show(rows, ["asset", "action", "portfolio", "why"], as_json=False, empty="no rules: everything counts")


@app.command
async def exclude(
    asset: AssetWord, *, portfolio: PortfolioOption = None, why: WhyOption = "", tenant: TenantOption = None
) -> None:
    """Leave an asset out of totals, of all time: spam, a worthless airdrop."""
    await _rule(Rule(asset=asset, action="exclude", portfolio=portfolio, why=why), tenant)


@app.command
async def keep(
    asset: AssetWord, *, portfolio: PortfolioOption = None, why: WhyOption = "", tenant: TenantOption = None
) -> None:
    """Count an asset that is excluded otherwise: a false positive, or one that a portfolio wants in."""
    await _rule(Rule(asset=asset, action="keep", portfolio=portfolio, why=why), tenant)


@app.command
async def drop(asset: AssetWord, *, portfolio: PortfolioOption = None, tenant: TenantOption = None) -> None:
    """Take back what was said of an asset."""

    def change(rules: tuple[Rule, ...]) -> list[Rule]:
        left = [rule for rule in rules if (rule.asset, rule.portfolio) != (_canonical(asset), portfolio)]
        if len(left) == len(rules):
            raise RegistryError("asset", f"there is no rule on {asset!r} there", "holdfast rules show")
        return left

    await _change(change, f"drop {asset}"[:200], tenant)


@app.command
async def use(number: NumberWord, *, tenant: TenantOption = None) -> None:
    """Make an earlier set's rules hold again, as a set of the next number; 0 makes everything count."""
    async with registry() as store:
        state = await store.read()
        owner = chosen_tenant(state, tenant)
        found = _find(state, owner, number)
        made = await store.put_rules(owner, found.rules if found else (), note=f"as {number}")
    done(f"rule set {made.number} of {owner} holds, {len(made.rules)} rules")


@app.command(name="try")
async def try_set(
    number: NumberWord, portfolio: PortfolioWord, *, tenant: TenantOption = None, json: JsonFlag = False
) -> None:
    """What a portfolio would be worth now under a set, beside what it is worth; 0 is no rules at all."""
    async with registry() as store:
        state = await store.read()
    owner = chosen_tenant(state, tenant)
    _find(state, owner, number)
    holding = newest_rules(state, owner)
    sql = (files("services.cli") / "value_under.sql").read_text(encoding="utf-8")
    numbers = [holding.number if holding else 0, number]
    async with connections.warehouse() as warehouse:
        of = {"tenant": owner, "portfolio": portfolio}
        rows = [row for one in numbers for row in await warehouse.query(sql, of | {"rules": one})]
    if not rows:
        existing_portfolio(state, owner, portfolio)
        fail(f"{portfolio!r} of {owner} has no total yet", code=FAILED, fix="holdfast portfolio show; holdfast watch")
    show(rows, ["rules", "net", "assets", "debt", "lines", "lines_unpriced", "lines_excluded"], as_json=json)
    if not json and len(rows) == len(numbers):
        console.print(f"{text(rows[1]['net'] - rows[0]['net'])} USD more under set {number}", highlight=False)


async def _rule(wish: Rule, tenant: str | None) -> None:
    def change(rules: tuple[Rule, ...]) -> list[Rule]:
        about = _canonical(wish.asset), wish.portfolio
        return [*(rule for rule in rules if (rule.asset, rule.portfolio) != about), wish]

    await _change(change, f"{wish.action} {wish.asset}"[:200], tenant)


async def _change(change: Callable[[tuple[Rule, ...]], list[Rule]], note: str, tenant: str | None) -> None:
    async with registry() as store:
        owner = chosen_tenant(await store.read(), tenant)
        made = await store.change_rules(owner, change, note=note)
    done(f"rule set {made.number} of {owner} holds, {len(made.rules)} rules; totals are computed again")


def _find(state: RegistryState, tenant: str, number: int) -> RuleSet | None:
    found = find_rules(state, tenant, number)
    if found is None and number != 0:
        raise RegistryError("number", f"{tenant!r} has no rule set {number}", "holdfast rules list")
    return found


def _canonical(asset: str) -> str:
    """As rules are stored; what is no asset is left for the registry to refuse."""
    try:
        return parse_asset(asset.strip())
    except AssetIdError:
        return asset
