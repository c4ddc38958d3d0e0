"""Invariants 4 to 7 and 9 on the wired engine: what `/v1` answers about random worlds is what plain fractions say.

Statements, prices and rates go through the aggregator into ClickHouse, and come back as totals, series, flows,
attribution and returns, in dollars and in a currency whose rates are published the other way round or over another;
what flowed is asked once more as it was known before some of the messages came. In both examples a token is stood for
by another source of its account for a while.
"""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.api.random_worlds import GBP, NOW, USD, Wired, at, known, take_in, wired_for
from tests.domain.worlds import UNIT, worlds
from tests.support import oracle_attribution, oracle_ledger
from tests.support import oracle_returns as oracle
from tests.support.oracle_receipts import apart
from tests.support.random_worlds import random_world
from tests.support.sampling import few, many
from tests.support.servers import ClickHouseServer

COSTS = ("average_cost", "fifo", "lifo", "hifo")
METHODS = ("simple", *COSTS, "time_weighted", "modified_dietz", "money_weighted")
BERLIN = ZoneInfo("Europe/Berlin")
MOMENT = Fraction(1, 60_000)
"""A millisecond: a bucket is worth what it is worth just before its end."""


class Asked(NamedTuple):
    """The world in the currency of the question, and what the portfolio sees of it."""

    world: oracle_ledger.World
    seen: list[oracle_ledger.Row]
    currency: str
    start: int | None

    @property
    def params(self) -> dict[str, Any]:
        window = {} if self.start is None else {"from": at(self.start).isoformat()}
        return {**window, "to": at(self.world.end).isoformat(), "currency": self.currency}

    def rate(self, when: int | Fraction) -> Fraction | None:
        return oracle_ledger.rate(self.world, when)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def wired(clickhouse_server: ClickHouseServer) -> Iterator[tuple[asyncio.Runner, Wired]]:
    with wired_for(clickhouse_server, "random_worlds") as made:
        yield made


Questions = dict[str, tuple[str, dict[str, Any]]]


def of_ledgers(asked: Asked) -> Questions:
    return {
        "attribution": ("attribution", asked.params),
        "returns": ("returns", {**asked.params, "method": METHODS}),
        "flows": ("flows", asked.params),
    }


def of_values(asked: Asked, moments: list[Fraction]) -> Questions:
    currency = {"currency": asked.currency}
    days = {"from": at(0).isoformat(), "to": at(asked.world.end - 1).isoformat(), "interval": "day", **currency}
    return {
        "stored": ("series", days),
        "local": ("series", {**days, "tz": str(BERLIN)}),
        "marked": ("series", {**days, "mark": "true"}),
        "total": ("total", {"at": at(moments[0]).isoformat(), **currency}),
        "total at the end": ("total", {"at": at(moments[1]).isoformat(), **currency}),
        "breakdown": ("breakdowns/asset", {"at": at(moments[0]).isoformat(), **currency}),
    }


async def answers(wired: Wired, questions: Questions, **known_at: str) -> dict[str, Any]:
    """As it is known now, or was."""
    found = await asyncio.gather(*(wired.get(path, **params, **known_at) for path, params in questions.values()))
    return dict(zip(questions, found, strict=True))


def number(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def assert_effects_add_up(found: dict[str, Any], asked: Asked) -> None:
    """Invariant 6, of each line and of all, with V marked to market at both ends."""
    dearest = max((rate for _, rate in asked.world.rates or ()), default=Fraction(0))
    for line in [*found["items"], {"effects": found["total"], "all": True}]:
        if e := line["effects"]:
            end, start, rounding, *effects = (
                Fraction(e[name]) for name in ("end", "start", "rounding", "price", "flows", "moved", "fx")
            )
            assert end - start == sum(effects) + rounding
            assert abs(rounding) <= (len(asked.seen) + 1) * (2 + dearest) * UNIT
            assert asked.currency != USD or Fraction(e["fx"]) == 0
    assert_effects_are_the_oracles(found, asked)
    opening = Fraction(0) if asked.start is None else oracle_ledger.value(asked.world, asked.seen, asked.start)
    if found["complete"]:
        assert number(found["total"]["end"]) == oracle_ledger.value(asked.world, asked.seen, asked.world.end)
        assert number(found["total"]["start"]) == opening
        assert number(found["total"]["flows"]) == sum(v or 0 for _, v in oracle.paid(asked.seen, asked.start))
        assert number(found["total"]["moved"]) == 0


def assert_effects_are_the_oracles(found: dict[str, Any], asked: Asked) -> None:
    """Of which statements were left out, and of what stands beside a line, its effects know nothing."""
    splits = oracle_attribution.splits(asked.world, asked.seen, asked.start).values()
    assert sum(line["effects"] is not None for line in found["items"]) == sum(split is not None for split in splits)
    for name in oracle_attribution.Split._fields if found["total"] else ():
        expected = sum((getattr(split, name) for split in splits if split), Fraction(0))
        assert abs(Fraction(found["total"][name]) - expected) < oracle_attribution.CUTS


def is_unheard(world: oracle_ledger.World) -> bool:
    """No source had said anything by the end that the portfolio sees: what it says after it left is not."""
    for source in world.sources:
        leaves = [leave for join, leave in world.during.get(source, [(-1, 10**9)]) if join <= world.end]
        if any(
            snap.at <= world.end and snap.at < max(leaves, default=-1) for snap in oracle_ledger.truth(world, source)
        ):
            return False
    return True


def flows_of(asked: Asked) -> list[oracle_ledger.Row]:
    return [row for row in asked.seen if row.delta and (asked.start is None or row.at > asked.start)]


def assert_flows_are_the_oracles(found: dict[str, Any], asked: Asked) -> None:
    told = sorted(found["items"], key=flow_told)
    rows = sorted(flows_of(asked), key=flow_seen)
    assert [flow_told(flow) for flow in told] == [flow_seen(row) for row in rows]
    for flow, row in zip(told, rows, strict=True):
        assert_parted(flow, row, asked)


def flow_told(flow: dict[str, Any]) -> tuple[Any, ...]:
    return flow["at"], flow["asset"], flow["side"], Fraction(flow["delta"]), number(flow["value"])


def flow_seen(row: oracle_ledger.Row) -> tuple[Any, ...]:
    when, asset = f"{at(row.at):%Y-%m-%dT%H:%M:%SZ}", f"eip155:1/erc20:0x{row.key[0] * 40}"
    return when, asset, row.key[1], row.delta, row.value


def assert_parted(flow: dict[str, Any], row: oracle_ledger.Row, asked: Asked) -> None:
    """What of it came from outside, what from another line, and what that is worth more here: together its value."""
    parts = [number(flow[name]) for name in ("crossed", "moved", "requoted")]
    if row.value is None:
        assert parts == [None] * 3
        return
    expected = oracle_attribution.passed(asked.world, asked.seen, row)
    assert sum(parts, Fraction(0)) == row.value  # type: ignore[arg-type]
    assert all(abs(a - b) < oracle_attribution.CUTS for a, b in zip(parts, expected, strict=True))  # type: ignore[operator]


def assert_returns_are_the_oracles(found: dict[str, Any], asked: Asked) -> None:
    """Invariant 7 too: whatever the cost method, the gain is that of the simple return."""
    by_method = {view["method"]: view for view in found["items"][0]["returns"]} if found["items"] else {}
    if is_unheard(asked.world):
        assert {view["reason"] for view in by_method.values()} == {"not_observed"}
        return
    if oracle_ledger.silent(asked.world, asked.start):
        assert not any(view["available"] for view in by_method.values())
        return
    simple = oracle.simple(asked.world, asked.seen, asked.start)
    for method, view in by_method.items():
        if method not in ("simple", *COSTS):
            continue
        if simple is None:
            assert not view["available"], view
        elif view["available"]:
            assert number(view["gain"]) == simple
            if method != "simple":
                parts = [Fraction(view[name]) for name in ("realised", "unrealised", "unrealised_opening")]
                assert parts[0] + parts[1] - parts[2] == simple
    rate = oracle.time_weighted(asked.world, asked.seen, asked.start)
    if by_method and isinstance(rate, Fraction):
        assert number(by_method["time_weighted"]["rate"]) == oracle_ledger.cut(rate)
    if by_method and by_method["money_weighted"]["available"]:
        assert_discounts_to_zero(Decimal(by_method["money_weighted"]["rate"]), asked)


def assert_discounts_to_zero(rate: Decimal, asked: Asked) -> None:
    """A hair below the rate all that was paid and is there is worth something, and a hair above it owes as much."""
    opening = Fraction(0) if asked.start is None else oracle_ledger.value(asked.world, asked.seen, asked.start)
    closing = oracle_ledger.value(asked.world, asked.seen, asked.world.end)
    assert opening is not None
    assert closing is not None
    payments = [(when, -(value or Fraction(0))) for when, value in oracle.paid(asked.seen, asked.start)]
    payments += [(asked.start or 0, -opening), (asked.world.end, closing)]

    def worth(growth: Decimal) -> Decimal:
        parts = (_decimal(value) / growth ** (Decimal(when // oracle_ledger.DAY) / 365) for when, value in payments)
        return sum(parts, Decimal(0))

    with localcontext(Context(prec=60)):
        hair = Decimal("1e-5")
        if 1 + rate < Decimal("1e-24"):
            return  # nearly everything was lost: 36 decimals do not say what was left
        assert worth((1 + rate) * (1 - hair)) * worth((1 + rate) * (1 + hair)) <= 0


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def assert_points_are_worth(points: list[dict[str, Any]], asked: Asked, *, marked: bool) -> None:
    """Invariants 1, 5 and 8: carried as stated, or marked to market; nothing at all before the first statement."""
    for day, point in enumerate(points, start=1):
        moment = Fraction(day * oracle_ledger.DAY) - MOMENT
        assert_net(point)
        known = point["quality"]["lines_unpriced"] == 0 and point["net"] is not None
        # A value without an amount is in no ledger; as stored it is compared below.
        if marked and known and "value_only" not in point["quality"]["reasons"]:
            assert number(point["net"]) == oracle_ledger.value(asked.world, asked.seen, moment)  # type: ignore[arg-type]
        if not marked:
            assert_carried(point, asked, moment)


def assert_local_days_are_worth(points: list[dict[str, Any]], asked: Asked) -> None:
    """One that is 23 hours long among them. Days end at midnight there; the last is not over."""
    first, end = at(0).astimezone(BERLIN).date(), at(asked.world.end)
    midnights = [datetime.combine(first + timedelta(days=day + 1), time(), BERLIN) for day in range(len(points))]
    assert [datetime.fromisoformat(point["valued_at"]) for point in points] == midnights
    assert midnights[-1] > end
    assert len({later - earlier for earlier, later in pairwise(one.astimezone(UTC) for one in midnights)}) == 2
    for point, midnight in zip(points, midnights, strict=True):
        assert_net(point)
        moment = Fraction((min(midnight, end) - at(0)) // timedelta(minutes=1))
        assert_carried(point, asked, moment if midnight > end else moment - MOMENT)


def assert_carried(found: dict[str, Any], asked: Asked, moment: Fraction) -> None:
    sides, rate = carried(asked.world, moment), asked.rate(moment)
    if found["assets"] is None:
        assert rate is None or not any(sides.values()), (found, sides)
    else:
        assert rate is not None
        assert [number(found[name]) for name in ("assets", "debt")] == [
            oracle_ledger.cut(sides[side] * rate) for side in ("asset", "debt")
        ]


def carried(world: oracle_ledger.World, moment: Fraction) -> dict[str, Fraction]:
    """In dollars, by what each source of the portfolio stated last: at the price of then."""
    sides = {"asset": Fraction(0), "debt": Fraction(0)}
    for source in world.sources:
        belongs = any(start <= moment < end for start, end in world.during.get(source, [(-1, 10**9)]))
        past = [snap for snap in oracle_ledger.truth(world, source) if snap.at <= moment]
        for place, (asset, side, amount, price) in enumerate(past[-1].lines if belongs and past else ()):
            if not asset and price is not None:
                sides[side] += price
            if amount is None or place in past[-1].doubts:
                continue
            quote = oracle_ledger.feed(world, asset, past[-1].at)
            unit = price if price is not None else quote[1] if quote else None
            sides[side] += oracle_ledger.cut(amount * unit) if unit is not None else 0
    return sides


def assert_net(found: dict[str, Any]) -> None:
    """Invariant 5."""
    assets, debt, net = (number(found[name]) for name in ("assets", "debt", "net"))
    assert (net is None) == (assets is None or debt is None)
    assert net is None or assets - debt == net  # type: ignore[operator]


def assert_totals_add_up(found: dict[str, Any], asked: Asked, moments: list[Fraction]) -> None:
    """Invariant 1 too."""
    for name, moment in zip(("total", "total at the end"), moments, strict=True):
        assert_net(found[name])
        assert_carried(found[name], asked, moment)
    for name in ("assets", "debt", "net"):
        parts = [number(item[name]) for item in found["breakdown"]["items"]]
        if None not in parts and found["total"][name] is not None:
            assert sum(parts, Fraction(0)) == number(found["total"][name])  # type: ignore[arg-type]


def check(runner: asyncio.Runner, wired: Wired, world: oracle_ledger.World, start: int | None, seed: int) -> None:
    chance = random.Random(seed)
    moments = [Fraction(chance.randrange(world.end)), Fraction(world.end)]
    runner.run(take_in(wired, world, chance))
    asked, then = ask_of(world, start), ask_of(known(world), start)
    everything = of_ledgers(asked) | of_values(asked, moments)
    found = runner.run(answers(wired, everything))
    assert_flowed(found, asked)
    assert_worth(found, asked, moments)
    assert_flowed(runner.run(answers(wired, of_ledgers(then), known_at=NOW.isoformat())), then)
    # Invariants 3 and 4: all of it taken in again from nothing, in another order, is answered alike.
    runner.run(take_in(wired, world, chance))
    assert runner.run(answers(wired, everything)) == found


def ask_of(world: oracle_ledger.World, start: int | None) -> Asked:
    seen = apart(world)
    return Asked(seen, oracle_ledger.members(seen), USD if world.rates is None else GBP, start)


def assert_flowed(found: dict[str, Any], asked: Asked) -> None:
    assert_effects_add_up(found["attribution"], asked)
    assert_flows_are_the_oracles(found["flows"], asked)
    assert_returns_are_the_oracles(found["returns"], asked)
    for what in of_ledgers(asked):
        assert found[what]["quality"]["sources_missing"] == oracle_ledger.missed(asked.world), what


def assert_worth(found: dict[str, Any], asked: Asked, moments: list[Fraction]) -> None:
    assert found["total at the end"]["quality"]["sources_missing"] == oracle_ledger.missed(asked.world)
    assert_points_are_worth(found["marked"]["points"], asked, marked=True)
    assert_points_are_worth(found["stored"]["points"], asked, marked=False)
    assert_local_days_are_worth(found["local"]["points"], asked)
    assert_totals_add_up(found, asked, moments)


starts = st.none() | st.integers(0, 9 * oracle_ledger.DAY)


@example(world=random_world(12, 4, gaps=False, currency=True), start=6 * oracle_ledger.DAY, seed=1)  # crossed
@example(world=random_world(32, 4, gaps=False, currency=True), start=None, seed=1)  # inverse
@given(world=worlds(), start=starts, seed=st.integers(0, 2**16))
@few(2)
@pytest.mark.timeout(600)
def test_what_is_answered_about_a_world_is_what_happened_in_it(
    world: oracle_ledger.World, start: int | None, seed: int, wired: tuple[asyncio.Runner, Wired]
) -> None:
    check(*wired, world, start, seed)


@pytest.mark.chaos
@given(world=worlds(), start=starts, seed=st.integers(0, 2**16))
@many(15)
@pytest.mark.timeout(3600)
def test_what_is_answered_about_many_worlds_is_what_happened_in_them(
    world: oracle_ledger.World, start: int | None, seed: int, wired: tuple[asyncio.Runner, Wired]
) -> None:
    check(*wired, world, start, seed)
