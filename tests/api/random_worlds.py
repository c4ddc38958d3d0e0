"""The oracle's random worlds as events on their way through the aggregator, and the API that answers about them.

Every message is stored, valued and totalled by the aggregator in some order, some batches twice; `/v1` is asked over
ASGI. Beside each price and each rate of the trusted feed stands a later claim of another for the same instant. Some
messages are late: what was known at `NOW` is a world without them.
"""

import asyncio
import hashlib
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import httpx
from msgspec import Struct
from msgspec.structs import replace

from holdfast.domain.balances import Balance, Snapshot, snapshot_id
from holdfast.domain.prices import Price
from holdfast.domain.sources import Source
from holdfast.events import BalancesObserved, PricesObserved
from holdfast.registry.keys import generate_key
from holdfast.registry.records import Account, ApiKey, Member, Portfolio, SourceSetting, Tenant
from holdfast.registry.state import RegistryState
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from holdfast.warehouse.migrator import migrate
from holdfast.warehouse.rows import stored_time
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from services.aggregator.projection import Projector
from services.api.app import build_app
from services.api.resources import Resources
from tests.aggregator.comparing import empty
from tests.aggregator.expected import Total
from tests.aggregator.test_any_arrival import Silent
from tests.api.conftest import CATALOGUE, SETTINGS, bearer, client_of
from tests.api.world import StoppedClock, insert
from tests.support.oracle_ledger import DAY, UNRATED, Snap, World
from tests.support.servers import ClickHouseServer

EPOCH = datetime(2026, 3, 24, tzinfo=UTC)  # over the end of a month, so of a partition, and a change of clocks
NOW = EPOCH + timedelta(days=10)
TRUSTED, RUMOUR = "trusted", "rumour"
GBP, EUR, USD = "iso4217:GBP", "iso4217:EUR", "iso4217:USD"
FRANCS = "iso4217:CHF"
"""Nobody exchanges them."""
ACCOUNTS = {name: f"eip155:1:0x{name[1] * 40}" for name in ("s1", "s2", "s3")}
PAIRS = {"direct": [(USD, GBP)], "inverse": [(GBP, USD)], "crossed": [(EUR, USD), (EUR, GBP)]}


class Wired(Struct, frozen=True, kw_only=True):
    """A database, and the API over it; what is registered is exchanged for each world."""

    warehouse: Warehouse
    registry: SimpleNamespace
    clock: StoppedClock
    client: httpx.AsyncClient
    key: str

    def register(self, state: RegistryState) -> None:
        """Besides whose the key is, what the API knows of."""
        tenants = {"acme": Tenant(id="acme", name="acme", created_at=EPOCH)}
        self.registry.state = replace(state, tenants=tenants, keys=self.registry.keys)

    async def get(self, path: str, *, portfolio: str = "main", **params: Any) -> dict[str, Any]:
        asked = f"/v1/portfolios/{portfolio}/{path}"
        answer = await self.client.get(asked, params=params, headers=bearer(self.key))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


async def build_wired(
    settings: ClickHouseSettings, *, ranking: tuple[str, ...] = (TRUSTED,), bound_to: str | None = None
) -> Wired:
    """Its key is of the whole tenant, or of one portfolio, as dialects ask for."""
    warehouse = await connect(settings)
    await migrate(warehouse)
    key = generate_key()
    kept = ApiKey(id=key.id, tenant="acme", portfolio=bound_to, secret_sha256=key.secret_sha256, created_at=EPOCH)
    registry, clock = SimpleNamespace(state=RegistryState(), keys={key.id: kept}), StoppedClock(NOW)
    resources = Resources(
        settings=SETTINGS,
        ranking=ranking,
        warehouse=warehouse,
        watcher=registry,  # type: ignore[arg-type]
        store=None,  # type: ignore[arg-type]
        publisher=None,  # type: ignore[arg-type]
        catalogue=CATALOGUE,
        clock=clock,
    )
    client = client_of(build_app(resources))
    return Wired(warehouse=warehouse, registry=registry, clock=clock, client=client, key=key.presented.reveal())


@contextmanager
def wired_for(server: ClickHouseServer, database: str, **how: Any) -> Iterator[tuple[asyncio.Runner, Wired]]:
    """For all examples of a module: a database of its own, and the loop it is asked in. `how`: of `build_wired`."""
    with asyncio.Runner() as runner:
        made = runner.run(build_wired(server.settings(database), **how))
        yield runner, made
        runner.run(made.warehouse.close())


def is_known(expected: Total, *, anybody: bool) -> bool:
    """Who has left is worth 0; where somebody belongs and nothing was seen, or nobody ever came, nothing is known.

    `anybody`: had been a member by then.
    """
    return bool(expected.sources) or (anybody and not expected.missing)


def assert_worth(found: dict[str, Any], expected: Total, *, anybody: bool) -> None:
    """`found`: a total, or a point."""
    if not is_known(expected, anybody=anybody):
        assert (found["assets"], found["debt"], found["net"]) == (None, None, None)
        return
    assert [Decimal(found[name]) for name in ("assets", "debt")] == [expected.assets, expected.debt]
    counts = (expected.lines - expected.unpriced, expected.unpriced, expected.excluded, expected.missing)
    named = ("lines_priced", "lines_unpriced", "lines_excluded", "sources_missing")
    assert tuple(found["quality"][name] for name in named) == counts
    assert found["quality"]["reasons"] == expected.reasons


async def take_in(wired: Wired, world: World, chance: random.Random) -> None:
    """All of it anew: in any order, in any batches, some of them twice, what is registered somewhere in between."""
    await empty(wired.warehouse)
    wired.register(to_registry(world, nested=chance.random() < 0.5))
    events = [*balances_of(world), *prices_of(world)]
    chance.shuffle(events)
    cuts = sorted(chance.choices(range(len(events) + 1), k=2))
    batches = [events[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True) if a < b]
    batches += chance.choices(batches, k=chance.randint(0, 1))
    registered = chance.randint(0, len(batches))
    projector = Projector(wired.warehouse, Silent(), every_s=60)  # type: ignore[arg-type]
    for number, batch in enumerate(batches):
        if number == registered:
            await projector.reconcile(wired.registry.state)
        arrivals = [Arrival(event=event, sequence=1, recorded_at=recorded_at(event)) for event in batch]
        await commit(wired.warehouse, prepare(arrivals), ranking=(TRUSTED,))
    await projector.reconcile(wired.registry.state)
    learned = {"tenant": "acme", "revision": 1, "recorded_at": stored_time(EPOCH), "deleted": False}
    await insert(wired.warehouse, "registry_portfolio_revisions", [{**learned, "portfolio": "main"}])


def to_registry(world: World, *, nested: bool = False) -> RegistryState:
    accounts = {
        ("acme", id_): Account(tenant="acme", id=id_, spelling=id_, sources=_sources(world, name), created_at=EPOCH)
        for name, id_ in ACCOUNTS.items()
    }
    members = [member for name in ACCOUNTS for member in _members(world, name)]
    portfolios = {
        ("acme", name): Portfolio(
            tenant="acme", id=name, name=name, base_currency=GBP, members=tuple(of), created_at=EPOCH
        )
        for name, of in (_nested(world, members) if nested else {"main": members}).items()
    }
    return RegistryState(revision=1, accounts=accounts, portfolios=portfolios)


def _nested(world: World, members: list[Member]) -> dict[str, list[Member]]:
    """Who joins and leaves is in a portfolio within, and that does so; the first time it joins by itself besides."""
    moving = {ACCOUNTS[name] for name in world.during if name in ACCOUNTS}
    times = [member for member in members if member.account in moving]
    within = [replace(member, account=None, portfolio="inner") for member in times]
    return {
        "main": [member for member in members if member not in times[1:]] + within,
        "inner": [Member(account=id_) for id_ in sorted(moving)],
    }


def _sources(world: World, account: str) -> tuple[SourceSetting, ...]:
    scopes = [_scope(world, source) for source in world.sources if world.accounts.get(source, source) == account]
    return tuple(SourceSetting(provider="okx", scope=scope, every_s=60) for scope in scopes or ["defi"])


def _scope(world: World, source: str) -> str:
    return source if source in world.accounts else "defi"


def _members(world: World, account: str) -> list[Member]:
    return [
        Member(account=ACCOUNTS[account], valid_from=to_time(start, None), valid_to=to_time(end, DAY * 100))
        for start, end in world.during.get(account, [(-1, 10**9)])
    ]


def known(world: World) -> World:
    """What of it was known at `NOW`."""
    sources = {name: [snap for snap in snaps if not _is_late(snap.id)] for name, snaps in world.sources.items()}
    prices = {name: [quote for quote in of if not _is_late_price(quote[0])] for name, of in world.prices.items()}
    rates = None if world.rates is None else [one for one in world.rates if not _is_late_price(one[0])]
    return World(sources, prices, rates, world.quoted, world.during, world.end, world.accounts)


def recorded_at(event: BalancesObserved | PricesObserved) -> datetime:
    late = _is_late(event.id) if isinstance(event, BalancesObserved) else event.fetched_at > NOW
    return NOW + timedelta(minutes=1) if late else NOW


def _is_late(snapshot: str) -> bool:
    """By its hash."""
    return int(snapshot[:4], 16) % 4 == 0


def _is_late_price(minute: int) -> bool:
    return minute // 100 % 3 == 1


def to_time(minute: int, last: int | None) -> datetime | None:
    """None for the very beginning, and after the last."""
    return None if minute < 0 or (last is not None and minute > last) else at(minute)


def at(minute: int | Fraction) -> datetime:
    return EPOCH + timedelta(milliseconds=int(minute * 60_000))


def asset_id(name: str) -> str:
    return f"eip155:1/erc20:0x{name * 40}"


def exact(number: Fraction) -> Decimal:
    """Of a number that has an end."""
    places = next(places for places in range(40) if (number * 10**places).denominator == 1)
    return Decimal(int(number * 10**places)).scaleb(-places)


def balances_of(world: World) -> Iterator[BalancesObserved]:
    """The oracle orders by the ids that the statements have here."""
    for name, snaps in world.sources.items():
        for snap in snaps:
            event = _observed(ACCOUNTS[world.accounts.get(name, name)], _scope(world, name), snap)
            snap.id = event.snapshot_id
            yield event


def _observed(account: str, scope: str, snap: Snap) -> BalancesObserved:
    lines = tuple(_balance(snap, place) for place in range(len(snap.lines)))
    stated = {
        "account": account,
        "scope": scope,
        "observed_at": at(snap.at),
        "fetched_at": at(snap.fetched),
        "covers": tuple(sorted(map(asset_id, snap.covers))),
    }
    source = Source(tenant="acme", provider="okx", account=account, scope=scope)
    identity = snapshot_id(source, Snapshot(**stated, balances=lines))  # type: ignore[arg-type]
    return BalancesObserved(
        id=identity,
        tenant="acme",
        provider="okx",
        snapshot_id=identity,
        job_id="0" * 32,
        balances=lines,
        lines=len(lines),
        **stated,  # type: ignore[arg-type]
    )


def _balance(snap: Snap, place: int) -> Balance:
    asset, side, amount, price = snap.lines[place]
    unrated = snap.doubts.get(place) == UNRATED
    kind = "wallet" if place in snap.wallet else "deposit"
    return Balance(
        asset=asset_id(asset) if asset else None,
        kind="borrowed" if side == "debt" else kind,  # type: ignore[arg-type]
        side=side,  # type: ignore[arg-type]
        amount=None if amount is None else exact(amount),
        price=None if price is None or not asset else exact(price),
        value=None if price is None or asset else exact(price),
        currency=FRANCS if unrated else USD,
        reason=None if unrated else snap.doubts.get(place),  # type: ignore[arg-type]
    )


def prices_of(world: World) -> Iterator[PricesObserved]:
    told = [(asset_id(name), USD, when, price) for name, of in world.prices.items() for when, price in of]
    for when, rate in world.rates or ():
        legs = {
            "direct": [rate],
            "inverse": [1 / rate],
            "crossed": [Fraction(rate.denominator), Fraction(rate.numerator)],
        }[world.quoted]
        told += [(base, quote, when, leg) for (base, quote), leg in zip(PAIRS[world.quoted], legs, strict=True)]
    for source, factor in ((TRUSTED, 1), (RUMOUR, 3)):
        for late in (False, True):
            stated = tuple(
                Price(asset=asset, quote=quote, at=at(when), price=exact(number * factor), source=source)
                for asset, quote, when, number in told
                if _is_late_price(when) == late
            )
            if stated:
                yield _priced(stated, source, (NOW if late else at(DAY)) + timedelta(seconds=factor))


def _priced(stated: Sequence[Price], source: str, fetched_at: datetime) -> PricesObserved:
    identity = hashlib.sha256(f"{source}{stated}".encode()).hexdigest()[:32]
    return PricesObserved(
        id=identity, tenant="public", provider=source, fetched_at=fetched_at, job_id="0" * 32, prices=tuple(stated)
    )
