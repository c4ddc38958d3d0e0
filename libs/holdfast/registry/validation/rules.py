"""Rule sets: each rule is about an asset that can be, in a portfolio that there is, and only one is."""

from collections import Counter

import msgspec

from holdfast.domain.assets import AssetIdError, parse_asset
from holdfast.registry.errors import RegistryError
from holdfast.registry.records import Rule, RuleSet
from holdfast.registry.rules import newest_rules
from holdfast.registry.state import RegistryState
from holdfast.registry.validation.existing import existing_portfolio, existing_tenant
from holdfast.registry.validation.text import checked_label

MAX_RULES = 3_000
"""So that a set fits into one message of NATS, texts and all."""


def checked_rules(state: RegistryState, wish: RuleSet) -> RuleSet:
    """The next set of the tenant; the newest itself where it says the same already."""
    existing_tenant(state, wish.tenant)
    if len(wish.rules) > MAX_RULES:
        raise RegistryError("rules", f"{len(wish.rules)} are too many", f"Keep to {MAX_RULES}")
    rules = tuple(_rule(state, wish.tenant, rule, f"rules[{place}]") for place, rule in enumerate(wish.rules))
    _each_once(rules)
    newest = newest_rules(state, wish.tenant)
    if newest is not None and set(newest.rules) == set(rules):
        return newest
    note = checked_label("note", wish.note)
    return msgspec.structs.replace(wish, number=newest.number + 1 if newest else 1, rules=rules, note=note)


def _rule(state: RegistryState, tenant: str, rule: Rule, field: str) -> Rule:
    try:
        asset = parse_asset(rule.asset.strip())
    except AssetIdError as error:
        fix = "Write it as GET /v1/portfolios/{id}/positions shows it, as eip155:1/erc20:0x…"
        raise RegistryError(f"{field}.asset", f"{rule.asset[:80]!r} is no asset", fix) from error
    if rule.portfolio is not None:
        existing_portfolio(state, tenant, rule.portfolio, field=f"{field}.portfolio")
    return msgspec.structs.replace(rule, asset=asset, why=checked_label(f"{field}.why", rule.why))


def _each_once(rules: tuple[Rule, ...]) -> None:
    for (asset, portfolio), times in Counter((rule.asset, rule.portfolio) for rule in rules).items():
        if times > 1:
            where = f" in {portfolio!r}" if portfolio else ""
            raise RegistryError("rules", f"{asset} is ruled on {times} times{where}", "Keep one of them")
