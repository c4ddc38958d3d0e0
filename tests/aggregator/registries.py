"""The registry of a random world: who belongs where and when, what is left out, and what follows for totals.

`fund` may hold `main` for a while, and an account of it besides; `plain` has the one account that states everything.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from msgspec.structs import replace

from holdfast.registry.records import Account, Member, Portfolio, Rule, RuleSet, SourceSetting
from holdfast.registry.state import RegistryState
from tests.aggregator.expected import Belongs
from tests.aggregator.messages import ACCOUNTS, ETH, RECEIPT, SCOPES, START, USDC, times

PLAIN = "bank:plain"
"""States amounts and prices alone, in dollars: what it is worth and what it earned can always be told."""
PORTFOLIOS = ("main", "fund", "plain")
_ALWAYS, _STILL = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

Span = tuple[datetime, datetime]


@st.composite
def registries(draw: st.DrawFn) -> RegistryState:
    first, second = SCOPES
    settings = (_counted(*first), _counted(*second, counted=draw(st.sampled_from((True, True, False)))))
    accounts = {
        ("acme", account): Account(tenant="acme", id=account, spelling=account, sources=settings, created_at=START)
        for account in ACCOUNTS
    }
    accounts["acme", PLAIN] = Account(
        tenant="acme", id=PLAIN, spelling=PLAIN, sources=(_counted(*SCOPES[0]),), created_at=START
    )
    many = draw(st.sampled_from((3, 2)))
    again = draw(st.lists(_members(account=st.sampled_from(ACCOUNTS)), max_size=1))
    nested = draw(st.lists(_members(portfolio=st.just("main")), max_size=1))
    members = {
        "main": [draw(_members(account=st.just(account))) for account in draw(st.permutations(ACCOUNTS))[:many]]
        + again,
        "fund": nested + draw(st.lists(_members(account=st.sampled_from(ACCOUNTS)), max_size=2)),
        "plain": [Member(account=PLAIN)],
    }
    portfolios = {
        ("acme", name): Portfolio(tenant="acme", id=name, name=name, members=tuple(members[name]), created_at=START)
        for name in PORTFOLIOS
    }
    rules = st.builds(
        Rule,
        asset=st.sampled_from((ETH, ETH, USDC, RECEIPT)),
        action=st.sampled_from(("exclude", "exclude", "keep")),
        portfolio=st.sampled_from((None, "main", "fund")),
    )
    said = draw(st.lists(rules, min_size=1, max_size=3, unique_by=lambda rule: (rule.asset, rule.portfolio)))
    made = RuleSet(tenant="acme", number=1, rules=tuple(said), created_at=START)
    return RegistryState(accounts=accounts, portfolios=portfolios, rule_sets={("acme", "1"): made})


def _counted(provider: str, scope: str, *, counted: bool = True) -> SourceSetting:
    return SourceSetting(provider=provider, scope=scope, every_s=60, counted=counted)


def _members(**of: st.SearchStrategy[str]) -> st.SearchStrategy[Member]:
    """Some for a while, some for no time at all."""
    return st.builds(
        Member,
        valid_from=st.none() | st.none() | times,
        valid_to=st.none() | st.none() | times.map(lambda at: at + timedelta(hours=3)),
        **of,
    )


def succession(states: list[RegistryState], made: list[datetime]) -> tuple[RegistryState, ...]:
    """As revisions 7, 8 …, each made at its time. A rule set is never changed: the later ones have the earlier too."""
    revisions: list[RegistryState] = []
    for number, (state, at) in enumerate(zip(states, made, strict=True), start=7):
        sets = {("acme", str(number)): replace(one, number=number, created_at=at) for one in state.rule_sets.values()}
        earlier = revisions[-1].rule_sets if revisions else {}
        revisions.append(replace(state, revision=number, rule_sets={**earlier, **sets}))
    return tuple(revisions)


def excluded_by(state: RegistryState) -> dict[str, frozenset[str]]:
    """Assets that count nowhere, by portfolio, under the newest rules: worked out anew."""
    newest = max(state.rule_sets.values(), key=lambda one: one.number)
    verdicts = {
        name: {rule.asset: rule.action for owner in (None, name) for rule in newest.rules if rule.portfolio == owner}
        for name in PORTFOLIOS
    }
    return {
        name: frozenset(asset for asset, action in said.items() if action == "exclude")
        for name, said in verdicts.items()
    }


def belongs_by(state: RegistryState) -> list[Belongs]:
    """Worked out anew: each source of an account once, however often the account is in the portfolio."""
    found = []
    for name in PORTFOLIOS:
        spans: dict[str, list[Span]] = defaultdict(list)
        for account, span in _accounts(state, name, (_ALWAYS, _STILL)):
            spans[account].append(span)
        found += [
            Belongs(name, f"acme/{setting.provider}/{account}/{setting.scope}", start, end)
            for account in spans
            for setting in state.accounts["acme", account].sources
            if setting.counted
            for start, end in _united(spans[account])
        ]
    return found


def _accounts(state: RegistryState, portfolio: str, within: Span) -> Iterator[tuple[str, Span]]:
    for member in state.portfolios["acme", portfolio].members:
        span = max(member.valid_from or _ALWAYS, within[0]), min(member.valid_to or _STILL, within[1])
        if span[0] >= span[1]:
            continue
        if member.account is not None:
            yield member.account, span
        else:
            yield from _accounts(state, str(member.portfolio), span)


def _united(spans: list[Span]) -> list[Span]:
    """Those that overlap or touch are one."""
    united: list[Span] = []
    for start, end in sorted(spans):
        if united and start <= united[-1][1]:
            united[-1] = united[-1][0], max(end, united[-1][1])
        else:
            united.append((start, end))
    return united
