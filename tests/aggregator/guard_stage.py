"""An aggregator without its streams, and what its guards are given to judge."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from msgspec.structs import replace

from holdfast.domain.balances import Balance, Snapshot, snapshot_id
from holdfast.domain.prices import Price
from holdfast.domain.sources import Source
from holdfast.events import BalancesObserved, PricesObserved, TotalsReported
from holdfast.events.checks import check
from holdfast.events.event import Event
from holdfast.registry.records import Account, Member, Portfolio, Rule, RuleSet, SourceSetting
from holdfast.registry.state import RegistryState
from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.guards.noticing import Guard
from services.aggregator.lines import EventLine
from services.aggregator.projection import Projector
from services.aggregator.settings import GuardSettings

START = datetime(2026, 2, 28, 22, 10, tzinfo=UTC)
WALLET = "eip155:1:0x" + "a" * 40
ETH, USDC = "eip155:1/slip44:60", "eip155:1/erc20:0x" + "c" * 40


class Heard:
    """A publisher that keeps what it is told; every message must be one that may be sent."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def publish_many(self, events: Sequence[Event]) -> list[object]:
        for event in events:
            check(event)
        self.events += events
        return []

    def of(self, kind: type[Any]) -> list[Any]:
        """Each once: a subscriber goes by the id."""
        return list({event.id: event for event in self.events if isinstance(event, kind)}.values())


class StoppedClock:
    def now(self) -> datetime:
        return START + timedelta(days=3)


class Stage:
    """An aggregator without its streams: events go in as batches, at once or twice."""

    def __init__(self, warehouse: Warehouse, *, ranking: Sequence[str] = (), **settings: Any) -> None:
        self.warehouse = warehouse
        self.heard = Heard()
        self.known = RegistryState()
        guard = Guard(
            warehouse, self.heard, GuardSettings(**settings), ranking=ranking, registry=lambda: self.known  # type: ignore[arg-type]
        )  # fmt: skip
        self.line = EventLine(warehouse, self.heard, guard, clock=StoppedClock(), ranking=ranking)  # type: ignore[arg-type]
        self.projector = Projector(warehouse, self.heard, every_s=60, guard=guard)  # type: ignore[arg-type]

    async def take(self, *events: Event) -> None:
        arrivals = [Arrival(event=one, sequence=1, recorded_at=START + timedelta(days=2)) for one in events]
        work = self.line.prepare(arrivals)
        await self.line.insert(work)
        await self.line.settle([work])

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        return await self.warehouse.query(sql)


def registry(
    revision: int,
    *settings: SourceSetting,
    rules: Sequence[Rule] = (),
    jump_ratio: str | None = None,
    wallet: str = WALLET,
    name: str = "main",
) -> RegistryState:
    """A wallet, and a portfolio of it alone."""
    account = Account(tenant="acme", id=wallet, spelling=wallet, sources=settings, created_at=START)
    portfolio = Portfolio(
        tenant="acme", id=name, name="", members=(Member(account=wallet),), created_at=START,
        jump_ratio=None if jump_ratio is None else Decimal(jump_ratio),
    )  # fmt: skip
    number = str(revision)
    sets = {("acme", number): RuleSet(tenant="acme", number=revision, rules=tuple(rules), created_at=START)}
    return RegistryState(
        revision=revision,
        accounts={("acme", wallet): account},
        portfolios={("acme", name): portfolio},
        rule_sets=sets if rules else {},
    )


def together(*registries: RegistryState) -> RegistryState:
    """One that has the accounts and portfolios of all; of the first one's revision."""
    return replace(
        registries[0],
        accounts={key: account for one in registries for key, account in one.accounts.items()},
        portfolios={key: portfolio for one in registries for key, portfolio in one.portfolios.items()},
    )


def setting(provider: str, *, counted: bool = True) -> SourceSetting:
    return SourceSetting(provider=provider, scope="wallet", every_s=600, counted=counted)


def after(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def held(
    asset: str, amount: str, value: str | None, *, side: Literal["asset", "debt"] = "asset", platform: str = ""
) -> Balance:
    worth = None if value is None else Decimal(value)
    return Balance(
        asset=asset, kind="borrowed" if side == "debt" else "wallet", side=side, amount=Decimal(amount),
        value=worth, platform=platform,
    )  # fmt: skip


def states(
    provider: str, minutes: int, *balances: Balance, scope: str = "wallet", wallet: str = WALLET
) -> BalancesObserved:
    source = Source(tenant="acme", provider=provider, account=wallet, scope=scope)
    at = after(minutes)
    snapshot = Snapshot(account=wallet, scope=scope, observed_at=at, fetched_at=at, balances=balances)
    identity = snapshot_id(source, snapshot)
    return BalancesObserved(
        id=identity, tenant="acme", provider=provider, account=wallet, scope=scope, snapshot_id=identity,
        observed_at=at, fetched_at=at, job_id="0" * 32, balances=balances, lines=len(balances),
    )  # fmt: skip


def reports(
    minutes: int, total: str | None, *, currency: str = "iso4217:USD", platform: str = "", **more: Any
) -> TotalsReported:
    at = after(minutes)
    identity = f"{abs(hash((minutes, total, currency, platform))):032x}"[:32]
    return TotalsReported(
        id=identity, tenant="acme", provider="okx", account=WALLET, scope="wallet", observed_at=at, fetched_at=at,
        job_id="0" * 32, currency=currency, total=None if total is None else Decimal(total), platform=platform, **more,
    )  # fmt: skip


def priced(
    asset: str, minutes: int, price: str, *, quote: str = "iso4217:USD", by: str = "feed", fetched: int = 0
) -> PricesObserved:
    at = after(minutes)
    return PricesObserved(
        id=f"{abs(hash((asset, quote, minutes, price))):032x}"[:32], tenant="public", provider=by,
        fetched_at=after(minutes + fetched), job_id="0" * 32,
        prices=(Price(asset=asset, quote=quote, price=Decimal(price), at=at, source=by),),
    )  # fmt: skip
