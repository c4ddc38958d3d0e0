"""Memberships: each instant of an account once, whatever is nested in what."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from holdfast.registry.records import Account, Member, Portfolio, SourceSetting
from holdfast.registry.state import RegistryState, counted_sources, memberships, portfolios_of

DAY0 = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return DAY0 + timedelta(days=number)


def portfolio(id_: str, *members: Member) -> Portfolio:
    return Portfolio(tenant="acme", id=id_, name=id_, members=members, created_at=DAY0)


def state(*portfolios: Portfolio, accounts: tuple[Account, ...] = ()) -> RegistryState:
    return RegistryState(
        portfolios={(one.tenant, one.id): one for one in portfolios},
        accounts={(one.tenant, one.id): one for one in accounts},
    )


class Held(NamedTuple):
    account: str
    start: datetime | None
    end: datetime | None


def held(registry: RegistryState, id_: str) -> list[Held]:
    return [Held(one.account, one.valid_from, one.valid_to) for one in memberships(registry, "acme", id_)]


def test_touching_memberships_become_one() -> None:
    registry = state(
        portfolio("p", Member(account="a", valid_to=day(3)), Member(account="a", valid_from=day(3), valid_to=day(5)))
    )
    assert held(registry, "p") == [Held("a", None, day(5))]


def test_an_account_held_directly_and_nested_counts_once() -> None:
    registry = state(
        portfolio("p", Member(account="a", valid_from=day(1), valid_to=day(4)), Member(portfolio="q")),
        portfolio("q", Member(account="a", valid_from=day(2), valid_to=day(9))),
    )
    assert held(registry, "p") == [Held("a", day(1), day(9))]


def test_a_nested_portfolio_is_cut_to_its_own_membership() -> None:
    registry = state(
        portfolio("p", Member(portfolio="q", valid_from=day(3), valid_to=day(6))),
        portfolio("q", Member(account="a"), Member(account="b", valid_from=day(7))),
    )
    assert held(registry, "p") == [Held("a", day(3), day(6))]


def test_a_cycle_written_by_hand_ends() -> None:
    registry = state(
        portfolio("p", Member(portfolio="q"), Member(account="a")),
        portfolio("q", Member(portfolio="p"), Member(account="b")),
    )
    assert held(registry, "p") == [Held("a", None, None), Held("b", None, None)]


def test_portfolios_of_an_account_include_nesting_and_former_ones() -> None:
    registry = state(
        portfolio("former", Member(account="a", valid_to=day(1))),
        portfolio("fund", Member(portfolio="house")),
        portfolio("house", Member(account="a")),
        portfolio("other", Member(account="b")),
    )
    assert portfolios_of(registry, "acme", "a") == ["former", "fund", "house"]
    assert portfolios_of(registry, "zen", "a") == []


def test_only_counted_balances_count() -> None:
    sources = (
        SourceSetting(provider="x", scope="wallet", every_s=60),
        SourceSetting(provider="y", scope="wallet", every_s=60, counted=False),
        SourceSetting(provider="x", feed="returns", scope="wallet", every_s=60),
    )
    account = Account(tenant="acme", id="a", spelling="a", sources=sources, created_at=DAY0)
    registry = state(portfolio("p", Member(account="a"), Member(account="unknown")), accounts=(account,))
    assert [one.source.id for one in counted_sources(registry, "acme", "p")] == ["acme/x/a/wallet"]


days = st.one_of(st.none(), st.integers(0, 12).map(day))
names = ["p0", "p1", "p2", "p3"]


@st.composite
def nested_portfolios(draw: st.DrawFn) -> RegistryState:
    """Portfolios that hold accounts and only later ones of the list, so without cycles."""
    portfolios = []
    for position, name in enumerate(names):
        member = st.builds(Member, account=st.sampled_from("abc"), valid_from=days, valid_to=days)
        if later := names[position + 1 :]:
            nested = st.builds(Member, portfolio=st.sampled_from(later), valid_from=days, valid_to=days)
            member = st.one_of(member, nested)
        portfolios.append(portfolio(name, *draw(st.lists(member, max_size=5))))
    return state(*portfolios)


def accounts_at(registry: RegistryState, id_: str, at: datetime) -> set[str]:
    """Independent of the code under test: asks one instant, never merges an interval."""
    found: set[str] = set()
    for member in registry.portfolios["acme", id_].members:
        if (member.valid_from is None or member.valid_from <= at) and (member.valid_to is None or at < member.valid_to):
            found |= {member.account} if member.account else accounts_at(registry, str(member.portfolio), at)
    return found


@given(nested_portfolios(), st.sampled_from(names), st.integers(-2, 30))
def test_at_any_instant_each_account_counts_exactly_once(registry: RegistryState, id_: str, half_day: int) -> None:
    at = DAY0 + timedelta(hours=12 * half_day)

    counting = [
        one.account
        for one in memberships(registry, "acme", id_)
        if (one.valid_from is None or one.valid_from <= at) and (one.valid_to is None or at < one.valid_to)
    ]

    assert sorted(counting) == sorted(accounts_at(registry, id_, at))


@given(nested_portfolios(), st.sampled_from(names))
def test_intervals_are_ordered_apart_and_never_empty(registry: RegistryState, id_: str) -> None:
    for account in "abc":
        spans = [one for one in held(registry, id_) if one.account == account]
        assert all(span.start is None or span.end is None or span.start < span.end for span in spans)
        for earlier, later in pairwise(spans):
            assert earlier.end is not None
            assert later.start is not None
            assert earlier.end < later.start
