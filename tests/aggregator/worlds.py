"""Small random worlds: what happened, and one of the many ways in which it may arrive.

Statements come late, twice, reordered and corrected, or not at all; an account has several sources, some of them
compared only; there is debt, there are lines of values alone, portfolios in portfolios, members who come and go, rules
that change, and three currencies.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st
from msgspec.structs import replace

from holdfast.domain.balances import Balance
from holdfast.events import BalancesObserved
from holdfast.registry.state import RegistryState
from tests.aggregator.expected import Arrived, Belongs
from tests.aggregator.messages import GBP, START, Place, places, prices, snapshots, statement
from tests.aggregator.registries import PLAIN, belongs_by, excluded_by, registries, succession

NOW = START + timedelta(days=30)
RANKING = ("feed_b", "feed_a")


@dataclass(frozen=True)
class World:
    """What happened: messages as the stream keeps them, and the registry's revisions with their times, oldest first."""

    arrived: tuple[Arrived, ...]
    registry: tuple[RegistryState, ...]
    revised: tuple[datetime, ...]

    @property
    def belongs(self) -> list[Belongs]:
        """By the last revision alone: what counts in the end."""
        return belongs_by(self.registry[-1]) if self.registry else []

    @property
    def excluded(self) -> dict[str, frozenset[str]]:
        return excluded_by(self.registry[-1]) if self.registry else {}

    def known(self, at: datetime) -> "World":
        """What of it had been recorded by then."""
        count = sum(when <= at for when in self.revised)
        return World(
            tuple(one for one in self.arrived if one.recorded_at <= at), self.registry[:count], self.revised[:count]
        )


@dataclass(frozen=True)
class Delivery:
    """One way for a world to arrive: for each replica its steps in order, each a batch or a registry revision."""

    replicas: tuple[tuple[tuple[Arrived, ...] | RegistryState, ...], ...]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    stated = draw(st.lists(st.sampled_from(draw(places())).flatmap(snapshots), min_size=3, max_size=8))
    events: list = [event for some in stated for event in some]
    events += draw(_plain_statements())
    events += draw(st.lists(prices(), min_size=2, max_size=5))
    # Fetched again, published again: the same events once more, or the same statement at a later fetch.
    events += draw(st.lists(st.sampled_from(events), max_size=3))
    again = [e for e in events if isinstance(e, BalancesObserved)]
    events += [
        replace(e, fetched_at=e.fetched_at + timedelta(seconds=1))
        for e in draw(st.lists(st.sampled_from(again), max_size=2))
    ]
    order = draw(st.permutations(events))
    arrived = tuple(Arrived(event, NOW + timedelta(seconds=number)) for number, event in enumerate(order))
    states = draw(st.sampled_from((1, 2, 3)).flatmap(lambda many: st.lists(registries(), min_size=many, max_size=many)))
    seconds = [draw(st.integers(-1, len(order))) for _ in states]
    revised = [NOW + timedelta(seconds=number, milliseconds=500) for number in sorted(seconds)]
    return World(arrived, succession(states, revised), tuple(revised))


@st.composite
def _plain_statements(draw: st.DrawFn) -> list[BalancesObserved]:
    """Something is held from the first day on, and is another amount at another price on the next."""
    found = []
    for day in (0, 1):
        amount, price = (draw(st.decimals(min_value=1, max_value=10**6, places=9)) for _ in range(2))
        line = Balance(asset=GBP, kind="wallet", side="asset", amount=amount + day * 10**6, price=price)
        place = Place(PLAIN, "okx", "defi", START + timedelta(days=day, minutes=draw(st.sampled_from((1, 20, 50)))))
        found.append(statement(place, fetched_ms=0, lines=[line]))
    return found


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
