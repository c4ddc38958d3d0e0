"""Small random worlds: what happened, and one of the many ways in which it may arrive."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st
from msgspec.structs import replace

from holdfast.domain.balances import Balance, Snapshot, snapshot_id
from holdfast.domain.prices import Price
from holdfast.domain.sources import Source
from holdfast.events import BalancesObserved, PricesObserved
from holdfast.events.splitting import split_balances
from holdfast.registry.records import Account, Member, Portfolio, Rule, RuleSet, SourceSetting
from holdfast.registry.state import RegistryState
from tests.aggregator.expected import Arrived, Belongs

START = datetime(2026, 1, 30, 22, 10, tzinfo=UTC)  # over the end of a month, so of a partition
NOW = START + timedelta(days=30)
RANKING = ("feed_b", "feed_a")
ETH, USDC, RECEIPT, EUR, USD = (
    "eip155:1/slip44:60",
    "eip155:1/erc20:0x" + "c" * 40,
    "eip155:1/erc20:0x" + "e" * 40,
    "iso4217:EUR",
    "iso4217:USD",
)
ACCOUNTS = ("eip155:1:0x" + "1" * 40, "eip155:1:0x" + "2" * 40, "bank:user-7")
SCOPES = (("okx", "defi"), ("evm", "wallet"))
PORTFOLIOS = ("main", "fund")

_minutes = st.sampled_from((0, 1, 20, 49, 50, 60, 110, 25 * 60, 24 * 60, 3 * 1440, 6 * 1440, 8 * 1440))
_times = _minutes.map(lambda minutes: START + timedelta(minutes=minutes))
_numbers = st.sampled_from(
    [
        Decimal(text)
        for text in (
            "0",
            "1",
            "2.5",
            "12345678901234567890.123456789012345678",
            "1e30",
            "3e-36",
            "0.1e-36",
            "1e-50",
            "9" * 39,
        )
    ]
) | st.decimals(min_value=0, max_value=10**9, places=18)
_maybe = st.none() | _numbers


@dataclass(frozen=True)
class World:
    """What happened: messages as the stream keeps them, and the registry's revisions, oldest first."""

    arrived: tuple[Arrived, ...]
    registry: tuple[RegistryState, ...]

    @property
    def belongs(self) -> list[Belongs]:
        """By the last revision alone: what counts in the end."""
        return _belongs(self.registry[-1])

    @property
    def excluded(self) -> dict[str, frozenset[str]]:
        """Assets that count nowhere, by portfolio, under the newest rules: worked out anew."""
        state = self.registry[-1]
        rules = [rule for one in state.rule_sets.values() for rule in one.rules]
        verdicts = {
            name: {rule.asset: rule.action for owner in (None, name) for rule in rules if rule.portfolio == owner}
            for name in PORTFOLIOS
        }
        return {
            name: frozenset(asset for asset, action in said.items() if action == "exclude")
            for name, said in verdicts.items()
        }


@dataclass(frozen=True)
class Delivery:
    """One way for a world to arrive: for each replica its steps in order, each a batch or a registry revision."""

    replicas: tuple[tuple[tuple[Arrived, ...] | RegistryState, ...], ...]


@st.composite
def balances(draw: st.DrawFn) -> Balance:
    amount, price, value = draw(_maybe), draw(st.none() | _numbers), draw(st.none() | _numbers)
    reason = draw(st.sampled_from((None,) * 6 + ("negative_amount", "excluded", "no_price")))
    return Balance(
        asset=draw(st.sampled_from((ETH, USDC, RECEIPT, EUR, USD, None))),
        kind=draw(st.sampled_from(("wallet", "deposit", "borrowed", "other"))),
        side=draw(st.sampled_from(("asset", "asset", "debt"))),
        amount=None if reason == "negative_amount" else amount,
        asset_type=draw(st.sampled_from(("crypto", "bond"))),
        platform=draw(st.sampled_from(("", "aave"))),
        chain=draw(st.sampled_from((None, "eip155:1"))),
        price=price,
        value=value,
        currency=draw(st.sampled_from(("iso4217:USD", "iso4217:USD", EUR))),
        reason="value_only" if reason is None and amount is None and value is not None else reason,
    )


@st.composite
def snapshots(draw: st.DrawFn) -> list[BalancesObserved]:
    """A whole snapshot, or all parts of one."""
    account, (provider, scope) = draw(st.sampled_from(ACCOUNTS)), draw(st.sampled_from(SCOPES))
    at = draw(_times)
    source = Source(tenant="acme", provider=provider, account=account, scope=scope)
    snapshot = Snapshot(
        account=account,
        scope=scope,
        observed_at=at,
        fetched_at=at + timedelta(milliseconds=draw(st.integers(0, 3))),
        balances=tuple(draw(st.lists(balances(), max_size=4))),
        covers=draw(st.sampled_from(((), (RECEIPT,), (RECEIPT, ETH)))),
    )
    identity = snapshot_id(source, snapshot)
    event = BalancesObserved(
        id=identity,
        tenant="acme",
        provider=provider,
        account=account,
        scope=scope,
        snapshot_id=identity,
        observed_at=at,
        fetched_at=snapshot.fetched_at,
        job_id="0" * 32,
        balances=snapshot.balances,
        covers=snapshot.covers,
        lines=len(snapshot.balances),
    )
    return split_balances(event, draw(st.sampled_from((100_000, 1_300))))


@st.composite
def prices(draw: st.DrawFn) -> PricesObserved:
    stated = draw(
        st.lists(
            st.builds(
                Price,
                asset=st.sampled_from((ETH, USDC, RECEIPT, EUR)),
                at=_times | _times.map(lambda at: at - timedelta(hours=25)),
                price=st.sampled_from(
                    [Decimal(text) for text in ("0", "1", "0.9990", "2000.123456789012345678", "1e-40", "1e12")]
                ),
                source=st.sampled_from(("feed_a", "feed_b", "feed_c")),
            ),
            min_size=1,
            max_size=3,
        )
    )
    number = draw(st.integers(0, 2**32))
    return PricesObserved(
        id=hashlib.sha256(f"{number}{stated}".encode()).hexdigest()[:32],
        tenant="public",
        provider="prices",
        fetched_at=START + timedelta(days=9, seconds=draw(st.integers(0, 2))),
        job_id="0" * 32,
        prices=tuple(stated),
    )


@st.composite
def registries(draw: st.DrawFn) -> RegistryState:
    settings = tuple(
        SourceSetting(
            provider=provider,
            scope=scope,
            every_s=60,
            counted=draw(st.booleans() if scope == "wallet" else st.just(True)),
        )
        for provider, scope in SCOPES
    )
    accounts = {
        ("acme", account): Account(tenant="acme", id=account, spelling=account, sources=settings, created_at=START)
        for account in ACCOUNTS
    }
    portfolios = {}
    for name in PORTFOLIOS:
        chosen = draw(st.lists(st.sampled_from(ACCOUNTS), unique=True, max_size=3))
        members = tuple(
            Member(
                account=account,
                valid_from=draw(st.none() | _times),
                valid_to=draw(st.none() | _times.map(lambda at: at + timedelta(hours=3))),
            )
            for account in chosen
        )
        portfolios["acme", name] = Portfolio(tenant="acme", id=name, name=name, members=members, created_at=START)
    rules = st.builds(
        Rule,
        asset=st.sampled_from((ETH, USDC, RECEIPT)),
        action=st.sampled_from(("exclude", "keep")),
        portfolio=st.sampled_from((None, *PORTFOLIOS)),
    )
    said = draw(st.lists(rules, max_size=3, unique_by=lambda rule: (rule.asset, rule.portfolio)))
    return RegistryState(
        accounts=accounts,
        portfolios=portfolios,
        rule_sets={("acme", "1"): RuleSet(tenant="acme", number=1, rules=tuple(said), created_at=START)},
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    events: list = [event for some in draw(st.lists(snapshots(), min_size=1, max_size=6)) for event in some]
    events += draw(st.lists(prices(), max_size=4))
    # Fetched again, published again: the same events once more, or the same statement at a later fetch.
    events += draw(st.lists(st.sampled_from(events), max_size=3))
    again = [e for e in events if isinstance(e, BalancesObserved)]
    events += [
        replace(e, fetched_at=e.fetched_at + timedelta(seconds=1))
        for e in draw(st.lists(st.sampled_from(again), max_size=2))
    ]
    arrived = tuple(Arrived(event, NOW + timedelta(seconds=number)) for number, event in enumerate(events))
    states = draw(st.lists(registries(), min_size=1, max_size=3))
    return World(arrived, tuple(_at(state, 7 + number) for number, state in enumerate(states)))


def _at(state: RegistryState, revision: int) -> RegistryState:
    """A rule set is never changed: each revision has one of its own."""
    sets = {("acme", str(revision)): replace(one, number=revision) for one in state.rule_sets.values()}
    return replace(state, revision=revision, rule_sets=sets)


@st.composite
def deliveries(draw: st.DrawFn, world: World) -> Delivery:
    """Any order, any batches, some batches twice, to one or three replicas; each replica sees revisions in order."""
    order = draw(st.permutations(world.arrived))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=4)))
    batches = [tuple(order[a:b]) for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True) if a < b]
    batches += draw(st.lists(st.sampled_from(batches), max_size=2))
    count = draw(st.sampled_from((1, 3)))
    replicas: list[list] = [[] for _ in range(count)]
    for batch in batches:
        replicas[draw(st.integers(0, count - 1))].append(batch)
    for steps in replicas:
        seen = sorted(draw(st.sets(st.sampled_from(range(len(world.registry))))))
        places = sorted(draw(st.integers(0, len(steps))) for _ in seen)
        for place, number in reversed(list(zip(places, seen, strict=True))):
            steps.insert(place, world.registry[number])
        steps.append(world.registry[-1])
    return Delivery(tuple(tuple(steps) for steps in replicas))


def _belongs(state: RegistryState) -> list[Belongs]:
    """Worked out anew: members of the portfolios here are accounts, never portfolios."""
    always, forever = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
    return [
        Belongs(
            name,
            f"acme/{setting.provider}/{member.account}/{setting.scope}",
            member.valid_from or always,
            member.valid_to or forever,
        )
        for (_, name), portfolio in state.portfolios.items()
        for member in portfolio.members
        if member.valid_from is None or member.valid_to is None or member.valid_from < member.valid_to
        for setting in state.accounts["acme", str(member.account)].sources
        if setting.counted
    ]
