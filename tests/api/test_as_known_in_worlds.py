"""Invariant 9: the value at T as it was known at K is what the messages, memberships and rules recorded by K say.

And what was answered at K is answered of K for ever after: whatever came later, was corrected, or came once more.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.events import BalancesObserved
from holdfast.registry.state import RegistryState
from services.aggregator.projection import Projector
from tests.aggregator.comparing import empty
from tests.aggregator.expected import Total, expect, total_at
from tests.aggregator.messages import START
from tests.aggregator.test_any_arrival import Silent
from tests.aggregator.worlds import NOW, RANKING, World, worlds
from tests.api.random_worlds import Wired, assert_worth, is_known, wired_for
from tests.api.world import insert
from tests.history.delivering import store
from tests.support.sampling import few, many
from tests.support.servers import ClickHouseServer

MOMENT = timedelta(milliseconds=1)
ASKED_AT = NOW + timedelta(days=1)
WINDOW = {"from": (START + timedelta(minutes=50)).isoformat(), "to": (START + timedelta(days=4)).isoformat()}
LEDGERS = {"flows": WINDOW, "returns": {**WINDOW, "method": ["simple", "fifo", "time_weighted"]}}
EVERYTHING = NOW + timedelta(hours=1)
"""When all that ever came was known."""


class Question(NamedTuple):
    portfolio: str
    at: datetime
    known_at: datetime


@pytest.fixture(scope="module")
def wired(clickhouse_server: ClickHouseServer) -> Iterator[tuple[asyncio.Runner, Wired]]:
    with wired_for(clickhouse_server, "as_known_in_worlds", ranking=RANKING) as made:
        yield made


async def take_in(wired: Wired, world: World, since: datetime | None, until: datetime) -> None:
    """What was recorded in between: each revision is known from its time on."""
    fresh = [one for one in world.arrived if (since is None or since < one.recorded_at) and one.recorded_at <= until]
    if fresh:
        await store(wired.warehouse, fresh)
    for state, made in zip(world.registry, world.revised, strict=True):
        if (since is None or since < made) and made <= until:
            await register(wired, state, made)


async def register(wired: Wired, state: RegistryState, made: datetime) -> None:
    """As if the warehouse had learned of it when it was made."""
    await Projector(wired.warehouse, Silent(), every_s=60).reconcile(state)  # type: ignore[arg-type]
    learned = [
        {"tenant": "acme", "portfolio": name, "revision": state.revision, "recorded_at": f"{made:%F %T}.500",
         "deleted": False}
        for (name,) in await wired.warehouse.rows(
            "SELECT portfolio FROM registry_portfolios FINAL WHERE revision = {r:UInt64}", {"r": state.revision}
        )
    ]  # fmt: skip
    await insert(wired.warehouse, "registry_portfolio_revisions", learned)
    wired.register(state)


async def assert_known(wired: Wired, world: World, question: Question) -> None:
    """Total and points against what the messages say."""
    portfolio, at, known_at = question
    known = world.known(known_at)
    expected, anybody = value(known, portfolio, at)
    asked = {"portfolio": portfolio, "known_at": known_at.isoformat(), "currency": "iso4217:USD"}
    assert_worth(await wired.get("total", at=at.isoformat(), **asked), expected, anybody=anybody)
    for interval in ("hour", "5m"):
        of = {"from": at.isoformat(), "to": at.isoformat(), "interval": interval}
        [point] = (await wired.get("series", **asked, **of))["points"]
        then, anybody = value(known, portfolio, datetime.fromisoformat(point["valued_at"]) - MOMENT)
        assert_worth(point, then, anybody=anybody)


async def assert_known_without_rules(wired: Wired, world: World, question: Question) -> None:
    """What it would have been, had the rules that held then left nothing out."""
    portfolio, at, known_at = question
    known = world.known(known_at)
    asked = {"at": at.isoformat(), "known_at": known_at.isoformat(), "currency": "iso4217:USD", "rules": "0"}
    found = await wired.get("what-if", portfolio=portfolio, **asked)
    for name, ruled in (("actual", True), ("under", False)):
        expected, anybody = value(known, portfolio, at, ruled=ruled)
        assert_worth(found[name], expected, anybody=anybody)


def value(world: World, portfolio: str, at: datetime, *, ruled: bool = True) -> tuple[Total, bool]:
    """And whether anybody had been a member by then. `ruled`: by the rules that held, or by none."""
    statements = expect(world.arrived, (), ranking=RANKING, buckets=()).statements
    excluded = world.excluded.get(portfolio, frozenset()) if ruled else frozenset()
    joined = any(one.portfolio == portfolio and one.start <= at for one in world.belongs)
    return total_at(at + MOMENT, portfolio, statements, world.belongs, excluded), joined


async def assert_shared_out(wired: Wired, world: World, question: Question) -> None:
    portfolio, at, known_at = question
    asked = {"at": at.isoformat(), "known_at": known_at.isoformat(), "currency": "iso4217:USD"}
    shares = (await wired.get("breakdowns/platform", portfolio=portfolio, **asked))["items"]
    parts = value(world.known(known_at), portfolio, at)[0].parts
    assert {one["key"]: [Decimal(one["assets"]), Decimal(one["debt"]), one["lines"]] for one in shares} == {
        key: part[:3] for (axis, key), part in parts.items() if axis == "platform"
    }


async def assert_corrected(wired: Wired, world: World, question: Question) -> None:
    """From then to now: the corrections make up the difference, each by an event of in between."""
    portfolio, at, since = question
    asked = {"at": at.isoformat(), "known_from": since.isoformat(), "known_to": EVERYTHING.isoformat()}
    found = await wired.get("corrections", portfolio=portfolio, **asked)
    nets = []
    for name, known_at in (("net_before_usd", since), ("net_after_usd", EVERYTHING)):
        expected, anybody = value(world.known(known_at), portfolio, at)
        # Of more digits than a Decimal computes with.
        nets.append(Fraction(expected.assets) - Fraction(expected.debt))
        assert (found[name] is not None) == is_known(expected, anybody=anybody), name
        assert found[name] is None or Fraction(found[name]) == nets[-1], name
    assert sum(Fraction(one["change_usd"]) for one in found["items"]) == nets[1] - nets[0]
    for one in found["items"]:
        recorded_at = one["event"]["recorded_at"]
        assert recorded_at is None or since < datetime.fromisoformat(recorded_at) <= EVERYTHING, one


async def read_ledgers(wired: Wired, portfolio: str, **known: str) -> dict[str, Any]:
    """Without what was asked for."""
    found = {name: await wired.get(name, portfolio=portfolio, **asked, **known) for name, asked in LEDGERS.items()}
    return {name: {key: part for key, part in one.items() if key != "known_at"} for name, one in found.items()}


async def check(wired: Wired, world: World, questions: Sequence[Question]) -> None:
    await empty(wired.warehouse)
    wired.clock.stand_at(ASKED_AT)
    answered, since = {}, None
    for question in questions:
        await take_in(wired, world, since, question.known_at)
        since = question.known_at
        if world.known(since).registry:
            answered[question] = await read_ledgers(wired, question.portfolio)
    await take_in(wired, world, since, ASKED_AT)
    await store(wired.warehouse, world.arrived)  # all of it once more
    for question in questions:
        await assert_known(wired, world, question)
    await assert_shared_out(wired, world, questions[0])
    await assert_corrected(wired, world, questions[0])
    await assert_known_without_rules(wired, world, questions[1])
    for question, then in answered.items():
        assert await read_ledgers(wired, question.portfolio, known_at=question.known_at.isoformat()) == then
    told = await read_ledgers(wired, "plain", known_at=EVERYTHING.isoformat())
    assert told["flows"]["items"]
    assert all(one["available"] for one in told["returns"]["items"][0]["returns"]), "something to compare in each world"


@st.composite
def asked_of(draw: st.DrawFn, world: World) -> list[Question]:
    """When something had been recorded, and when everything had; of when something was stated, and of between."""
    learned = st.sampled_from(sorted({one.recorded_at for one in world.arrived} | set(world.revised)))
    stated = {one.event.observed_at for one in world.arrived if isinstance(one.event, BalancesObserved)}
    instants = st.sampled_from(sorted(stated | {at + timedelta(minutes=7) for at in stated}, reverse=True))
    return [
        Question(draw(st.sampled_from(("main", "main", "fund"))), draw(instants), known_at)
        for known_at in (*sorted({draw(learned), draw(learned)}), EVERYTHING)
    ]


def _check(data: st.DataObject, runner: asyncio.Runner, wired: Wired) -> None:
    world = data.draw(worlds(), label="world")
    runner.run(check(wired, world, data.draw(asked_of(world), label="questions")))


@given(data=st.data())
@few(2)
@pytest.mark.timeout(600)
def test_what_was_known_is_what_had_been_recorded(data: st.DataObject, wired: tuple[asyncio.Runner, Wired]) -> None:
    _check(data, *wired)


@pytest.mark.chaos
@given(data=st.data())
@many(12)
@pytest.mark.timeout(3600)
def test_what_was_known_in_many_worlds_is_what_had_been_recorded(
    data: st.DataObject, wired: tuple[asyncio.Runner, Wired]
) -> None:
    _check(data, *wired)
