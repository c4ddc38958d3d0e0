"""A small world whose every line and point is kept right, and rebuilds of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from holdfast.domain.balances import Balance, Snapshot, snapshot_id
from holdfast.domain.prices import Price
from holdfast.domain.sources import Source
from holdfast.events import BalancesObserved, PricesObserved
from holdfast.events.event import Event
from holdfast.rebuild import Finding, Rebuild, Scope, read_findings
from holdfast.registry.records import Account, Member, Portfolio, SourceSetting
from holdfast.registry.state import RegistryState
from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from services.aggregator.projection import Projector
from tests.aggregator.test_any_arrival import Silent

START = datetime(2026, 1, 31, 22, 10, tzinfo=UTC)
NOW = START + timedelta(days=3)
ETH, USD = "eip155:1/slip44:60", "iso4217:USD"
WALLETS = ("eip155:1:0x" + "1" * 40, "eip155:1:0x" + "2" * 40)


def observed(wallet: str, hour: int, amount: str, *, value: str | None = None) -> BalancesObserved:
    at = START + timedelta(hours=hour)
    balances = (
        Balance(asset=ETH, kind="wallet", amount=Decimal(amount), value=None if value is None else Decimal(value)),
        Balance(asset="iso4217:EUR", kind="borrowed", side="debt", amount=Decimal(7), value=Decimal(8)),
    )
    source = Source(tenant="acme", provider="evm", account=wallet, scope="wallet")
    snapshot = Snapshot(account=wallet, scope="wallet", observed_at=at, fetched_at=at, balances=balances)
    identity = snapshot_id(source, snapshot)
    return BalancesObserved(
        id=identity, tenant="acme", provider="evm", account=wallet, scope="wallet", snapshot_id=identity,
        observed_at=at, fetched_at=at, job_id="0" * 32, balances=balances, lines=len(balances),
    )  # fmt: skip


def priced(hour: int, price: str) -> PricesObserved:
    at = START + timedelta(hours=hour)
    prices = (Price(asset=ETH, quote=USD, at=at, price=Decimal(price), source="feed"),)
    return PricesObserved(
        id=f"{hour:032x}", tenant="public", provider="feed", fetched_at=at, job_id="1" * 32, prices=prices
    )


async def store(warehouse: Warehouse, events: Sequence[Event]) -> None:
    arrivals = [Arrival(event=event, sequence=number, recorded_at=NOW) for number, event in enumerate(events)]
    await commit(warehouse, prepare(arrivals), ranking=["feed"])


async def keep(warehouse: Warehouse) -> None:
    """Two wallets in `both`, the first in `one`: three hours of each, over the end of a month, one priced by a feed."""
    setting = SourceSetting(provider="evm", scope="wallet", every_s=60, counted=True)
    accounts = {
        ("acme", wallet): Account(tenant="acme", id=wallet, spelling=wallet, sources=(setting,), created_at=START)
        for wallet in WALLETS
    }
    members = {"both": WALLETS, "one": WALLETS[:1]}
    portfolios = {
        ("acme", name): Portfolio(
            tenant="acme", id=name, name=name, members=tuple(Member(account=wallet) for wallet in some),
            created_at=START,
        )
        for name, some in members.items()
    }  # fmt: skip
    state = RegistryState(accounts=accounts, portfolios=portfolios, revision=5)
    await Projector(warehouse, Silent(), every_s=60).reconcile(state)  # type: ignore[arg-type]
    await store(warehouse, [priced(0, "2000"), priced(2, "2100.5")])
    await store(warehouse, [observed(wallet, hour, "1.5") for wallet in WALLETS for hour in (0, 1, 3)])


@pytest.fixture
async def kept(warehouse: Warehouse) -> Warehouse:
    await keep(warehouse)
    return warehouse


def build(warehouse: Warehouse, run: str, *portfolios: tuple[str, str], settle_s: float = 0) -> Rebuild:
    return Rebuild(
        warehouse, run=run, scope=Scope(portfolios=portfolios), ranking=["feed"], settle_s=settle_s,
    )  # fmt: skip


async def found(warehouse: Warehouse, run: str, *portfolios: tuple[str, str]) -> list[Finding]:
    rebuild = build(warehouse, run, *portfolios)
    units, _ = await rebuild.plan()
    done = [one async for one in rebuild.work(units)]
    outcome, findings = rebuild.outcome(done), await read_findings(warehouse, run)
    assert outcome.differences == len(findings)
    assert outcome.moving == 0
    return findings


async def total(warehouse: Warehouse, portfolio: str, bucket: str) -> list[tuple[Decimal, int]]:
    return await warehouse.rows(
        "SELECT net, lines FROM portfolio_totals FINAL "
        "WHERE portfolio = {portfolio:String} AND bucket = {bucket:String}",
        {"portfolio": portfolio, "bucket": bucket},
    )
