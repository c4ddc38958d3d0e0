"""Rule sets: numbered, never changed, and the portfolio's own word outweighs the tenant's."""

from datetime import UTC, datetime

import pytest

from holdfast.registry.errors import RegistryError
from holdfast.registry.records import Rule, RuleSet
from holdfast.registry.rules import excluded_assets, find_rules, newest_rules, rule_sets
from holdfast.registry.store import RegistryStore

SPAM = "eip155:1/erc20:0x" + "5" * 40
OTHER = "eip155:1/erc20:0x" + "6" * 40
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rule_set(*rules: Rule) -> RuleSet:
    return RuleSet(tenant="acme", number=1, rules=rules, created_at=NOW)


def test_without_rules_nothing_is_excluded() -> None:
    assert excluded_assets(None, "family") == ()
    assert excluded_assets(rule_set(), "family") == ()


def test_a_portfolios_own_rule_outweighs_the_tenants_in_any_order() -> None:
    general, own = Rule(asset=SPAM), Rule(asset=SPAM, action="keep", portfolio="family")
    for rules in ((general, own), (own, general)):
        assert excluded_assets(rule_set(*rules), "family") == ()
        assert excluded_assets(rule_set(*rules), "bees") == (SPAM,)


def test_a_rule_of_another_portfolio_says_nothing_here() -> None:
    assert excluded_assets(rule_set(Rule(asset=SPAM, portfolio="bees")), "family") == ()


@pytest.fixture
async def rules(store: RegistryStore) -> RegistryStore:
    await store.create_tenant("acme")
    await store.put_portfolio("acme", "family")
    return store


async def test_each_change_is_a_set_of_its_own_and_the_greatest_holds(rules: RegistryStore) -> None:
    first = await rules.put_rules("acme", [Rule(asset=SPAM, why="airdrop")], note="from a list")
    second = await rules.change_rules("acme", lambda now: [*now, Rule(asset=OTHER)])
    state = await rules.read()
    assert (first.number, second.number) == (1, 2)
    assert newest_rules(state, "acme") == second
    assert find_rules(state, "acme", 1) == first
    assert [one.number for one in rule_sets(state, "acme")] == [1, 2]
    assert newest_rules(state, "zen") is None


async def test_rules_that_hold_already_make_no_new_set(rules: RegistryStore) -> None:
    await rules.put_rules("acme", [Rule(asset=SPAM), Rule(asset=OTHER)])
    again = await rules.put_rules("acme", [Rule(asset=OTHER), Rule(asset=SPAM)], note="another note")
    assert again.number == 1


async def test_an_asset_is_stored_in_its_one_spelling(rules: RegistryStore) -> None:
    stored = await rules.put_rules("acme", [Rule(asset="eip155:1/erc20:0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B")])
    assert stored.rules[0].asset == "eip155:1/erc20:0xab5801a7d398351b8be11c439e05c5b3259aec9b"


@pytest.mark.parametrize(
    ("rules_", "field"),
    [
        ([Rule(asset="spam")], "rules[0].asset"),
        ([Rule(asset=OTHER), Rule(asset=SPAM, portfolio="nobody")], "rules[1].portfolio"),
        ([Rule(asset=SPAM, why="\x07")], "rules[0].why"),
        ([Rule(asset=SPAM), Rule(asset=SPAM, action="keep")], "rules"),
        ([Rule(asset=SPAM)] * 3001, "rules"),
    ],
)
async def test_a_rule_that_cannot_be_names_its_field(rules: RegistryStore, rules_: list[Rule], field: str) -> None:
    with pytest.raises(RegistryError) as raised:
        await rules.put_rules("acme", rules_)
    assert raised.value.field == field
    assert (await rules.read()).rule_sets == {}


async def test_rules_of_an_unknown_tenant_are_refused(rules: RegistryStore) -> None:
    with pytest.raises(RegistryError) as raised:
        await rules.put_rules("zen", [])
    assert raised.value.field == "tenant"
