"""Which assets count in a portfolio: what a rule set says, worked out. Pure.

A tenant has numbered rule sets; the one of the greatest number holds, and none is ever changed, so that a total can
be asked for under any of them. Set 0 is the empty one, before anybody made a rule.
"""

from datetime import datetime

from holdfast.registry.records import RuleSet
from holdfast.registry.state import RegistryState


def newest_rules(state: RegistryState, tenant: str, *, known_at: datetime | None = None) -> RuleSet | None:
    """The rule set that holds, or that held at a time; None where there was none yet."""
    made = (one for one in rule_sets(state, tenant) if known_at is None or one.created_at <= known_at)
    return max(made, key=lambda one: one.number, default=None)


def rule_sets(state: RegistryState, tenant: str) -> list[RuleSet]:
    """All of a tenant's, oldest first."""
    own = [one for (owner, _), one in state.rule_sets.items() if owner == tenant]
    return sorted(own, key=lambda one: one.number)


def find_rules(state: RegistryState, tenant: str, number: int) -> RuleSet | None:
    """The set of that number; None if there is none. 0 is nobody's: no rules at all."""
    return state.rule_sets.get((tenant, str(number)))


def excluded_assets(rules: RuleSet | None, portfolio: str | None) -> tuple[str, ...]:
    """The assets that count nowhere in a portfolio. What is said of the portfolio itself outweighs what is said of all.

    Without a portfolio: those that the rules for all leave out.
    A portfolio that nests this one has a total of its own: there its own rules hold, and those for all.
    """
    actions: dict[str, str] = {}
    for rule in sorted(rules.rules if rules else (), key=lambda rule: rule.portfolio is not None):
        if rule.portfolio in (None, portfolio):
            actions[rule.asset] = rule.action
    return tuple(sorted(asset for asset, action in actions.items() if action == "exclude"))
