"""Invariant 2: the latest value and the last point of every series are one number, and it is what the messages say.

Each random world is moved in time until the present falls into it: members may be about to leave within the hour, and
what is fetched later than now nobody has heard. Nothing is observed later than it is fetched: see
`holdfast.events.checks` and `services.worker.results`.
"""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from holdfast.domain.balances import Balance
from holdfast.events import BalancesObserved, PricesObserved
from holdfast.registry.records import Account, Member, Portfolio, RuleSet, SourceSetting
from holdfast.registry.state import RegistryState
from tests.aggregator.comparing import empty
from tests.aggregator.expected import Arrived, expect, floor, total_at
from tests.aggregator.messages import EUR, GBP, START, Place, statement
from tests.aggregator.registries import PLAIN, PORTFOLIOS
from tests.aggregator.test_any_arrival import deliver
from tests.aggregator.worlds import RANKING, Delivery, World, deliveries, worlds
from tests.api.random_worlds import Wired, assert_worth, wired_for
from tests.support.sampling import few, many
from tests.support.servers import ClickHouseServer

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SERIES: Mapping[str, dict[str, Any]] = {
    "hours": {"interval": "hour"},
    "days": {"interval": "day"},
    "weeks": {"interval": "week"},
    "months": {"interval": "30d"},
    "days that begin within an hour": {"interval": "day", "tz": "Asia/Kolkata"},
    "five minutes": {"interval": "5m"},
}
SUMS = (
    "SELECT sum(assets), sum(debt) FROM portfolio_breakdown WHERE portfolio = {portfolio:String} AND axis = 'asset'",
    """SELECT sumIf(value_usd, side != 'debt'), sumIf(value_usd, side = 'debt')
    FROM latest_positions WHERE portfolio = {portfolio:String} AND counted""",
)
ROWS = (
    "SELECT assets, debt FROM portfolio_value WHERE portfolio = {portfolio:String}",
    "SELECT assets, debt FROM value_series WHERE portfolio = {portfolio:String} ORDER BY bucket DESC LIMIT 1",
)


class Present(NamedTuple):
    """The hours of the world that have begun, and the minute of the last."""

    hours: int
    minute: int


presents = st.builds(
    Present,
    st.sampled_from((0, 1, 3, 4, 24, 25, 27, 72, 75, 144, 147, 192, 195, 200)),
    st.sampled_from((0, 9, 15, 31, 59)),
)


def until(world: World, begun: datetime, present: Present) -> tuple[World, datetime]:
    """The world with its hour `present.hours` at `begun`, without what is fetched later than its now."""
    by, now = begun - floor(START) - present.hours * HOUR, begun + timedelta(minutes=present.minute)
    moved = (Arrived(_moved(one.event, by), one.recorded_at) for one in world.arrived)
    past = tuple(one for one in moved if isinstance(one.event, PricesObserved) or one.event.fetched_at <= now)
    return World(past, tuple(_shifted(state, by) for state in world.registry), world.revised), now


def _moved(event: BalancesObserved | PricesObserved, by: timedelta) -> BalancesObserved | PricesObserved:
    if isinstance(event, PricesObserved):
        prices = tuple(replace(price, at=price.at + by) for price in event.prices)
        return replace(event, fetched_at=event.fetched_at + by, prices=prices)
    return replace(event, fetched_at=event.fetched_at + by, observed_at=event.observed_at + by)


def _shifted(state: RegistryState, by: timedelta) -> RegistryState:
    portfolios = {
        key: replace(
            portfolio,
            members=tuple(
                replace(
                    member,
                    valid_from=member.valid_from and member.valid_from + by,
                    valid_to=member.valid_to and member.valid_to + by,
                )
                for member in portfolio.members
            ),
        )
        for key, portfolio in state.portfolios.items()
    }
    return replace(state, portfolios=portfolios)


@pytest.fixture(scope="module")
def wired(clickhouse_server: ClickHouseServer) -> Iterator[tuple[asyncio.Runner, Wired]]:
    with wired_for(clickhouse_server, "latest_and_last", ranking=RANKING) as made:
        yield made


async def assert_agreed(wired: Wired, world: World, portfolio: str, now: datetime) -> None:
    end = floor(now) + HOUR
    statements = expect(world.arrived, world.belongs, ranking=RANKING, buckets=()).statements
    expected = total_at(end, portfolio, statements, world.belongs, world.excluded[portfolio])
    total = await wired.get("total", portfolio=portfolio, currency="iso4217:USD")
    assert_worth(total, expected, anybody=any(one.portfolio == portfolio and one.start < end for one in world.belongs))
    for name, asked in SERIES.items():
        assert figures(await last(wired, portfolio, now, asked, "iso4217:USD")) == figures(total), name
    for currency in (EUR, GBP):
        converted = await wired.get("total", portfolio=portfolio, currency=currency)
        assert figures(await last(wired, portfolio, now, SERIES["hours"], currency)) == figures(converted)
    await assert_views_agree(wired, portfolio, total)


def figures(of: dict[str, Any]) -> dict[str, Any]:
    named = ("lines_priced", "lines_unpriced", "lines_excluded", "sources", "sources_missing", "reasons")
    return {name: of[name] for name in ("assets", "debt", "net")} | {name: of["quality"][name] for name in named}


async def last(wired: Wired, portfolio: str, now: datetime, asked: dict[str, Any], currency: str) -> dict[str, Any]:
    found = await wired.get(
        "series", portfolio=portfolio, **asked, **{"from": now.isoformat(), "to": now.isoformat()}, currency=currency
    )
    point: dict[str, Any] = found["points"][-1]
    return point


async def assert_views_agree(wired: Wired, portfolio: str, total: dict[str, Any]) -> None:
    known = total["net"] is not None
    here = tuple(Decimal(total[name] or 0) for name in ("assets", "debt"))
    for sql in SUMS:
        [row] = await wired.warehouse.rows(sql, {"portfolio": portfolio})
        assert tuple(number or 0 for number in row) == here, sql
    for sql in ROWS:
        rows = [tuple(row) for row in await wired.warehouse.rows(sql, {"portfolio": portfolio})]
        assert rows == [here] if known else set(rows) <= {here}, sql


async def check(wired: Wired, world: World, delivery: Delivery, now: datetime) -> None:
    await empty(wired.warehouse)
    await deliver(wired.warehouse, delivery)
    wired.register(world.registry[-1])
    wired.clock.stand_at(now)
    for portfolio in ("main", "fund"):
        await assert_agreed(wired, world, portfolio, now)


def _check(data: st.DataObject, runner: asyncio.Runner, wired: Wired) -> None:
    drawn, present = data.draw(worlds(), label="world"), data.draw(presents, label="present")
    for _ in range(2):  # the engine has a clock of its own: once more if its hour has ended meanwhile
        begun = floor(datetime.now(UTC))
        world, now = until(drawn, begun, present)
        runner.run(check(wired, world, data.draw(deliveries(world), label="delivery"), now))
        if floor(datetime.now(UTC)) == begun:
            return


@pytest.mark.parametrize(
    ("span", "net"),
    [
        ({}, 5),
        ({"valid_from": timedelta(minutes=50)}, 5),  # comes within the hour
        ({"valid_to": timedelta(minutes=50)}, 0),  # leaves within it
        ({"valid_from": DAY}, None),  # is yet to come, and was a member by an earlier revision
    ],
)
def test_who_has_left_is_worth_nothing_and_who_never_came_is_unknown(
    span: dict[str, timedelta], net: int | None, wired: tuple[asyncio.Runner, Wired]
) -> None:
    runner, api = wired
    begun = floor(datetime.now(UTC))
    line = Balance(asset=GBP, kind="wallet", side="asset", amount=Decimal(5), price=Decimal(1))
    stated = statement(Place(PLAIN, "okx", "defi", begun - DAY), fetched_ms=0, lines=[line])
    first, newest = (one_member(n, **of) for n, of in ((1, {}), (2, {key: begun + at for key, at in span.items()})))
    arrived = Arrived(stated, begun)

    async def ask() -> None:
        now = begun + timedelta(minutes=33)
        await check(api, World((arrived,), (first, newest), ()), Delivery((((arrived,), first, newest),)), now)
        assert (await api.get("total"))["net"] == (None if net is None else str(net))

    runner.run(ask())


def one_member(revision: int, **span: datetime) -> RegistryState:
    setting = SourceSetting(provider="okx", scope="defi", every_s=60)
    account = Account(tenant="acme", id=PLAIN, spelling=PLAIN, sources=(setting,), created_at=START)
    return RegistryState(
        revision=revision,
        accounts={("acme", PLAIN): account},
        portfolios={
            ("acme", name): Portfolio(
                tenant="acme", id=name, name=name, members=(Member(account=PLAIN, **span),), created_at=START
            )
            for name in PORTFOLIOS
        },
        rule_sets={("acme", "1"): RuleSet(tenant="acme", number=1, created_at=START)},
    )


@given(data=st.data())
@few(3)
@pytest.mark.timeout(600)
def test_the_latest_value_is_the_last_point_of_every_series(
    data: st.DataObject, wired: tuple[asyncio.Runner, Wired]
) -> None:
    _check(data, *wired)


@pytest.mark.chaos
@given(data=st.data())
@many(25)
@pytest.mark.timeout(3600)
def test_the_latest_value_is_the_last_point_of_every_series_in_many_worlds(
    data: st.DataObject, wired: tuple[asyncio.Runner, Wired]
) -> None:
    _check(data, *wired)
