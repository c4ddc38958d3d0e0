"""The worked example of docs/returns.md, told as events: one account, four days, ETH and USDC."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from holdfast.domain.balances import Balance, Snapshot, snapshot_id
from holdfast.domain.prices import Price
from holdfast.domain.sources import Source
from holdfast.events import BalancesObserved, PricesObserved
from holdfast.events.event import Event
from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare

DAY_0 = datetime(2026, 2, 20, tzinfo=timezone.utc)  # noqa: UP017
ETH = "eip155:1/slip44:60"
USDC = "eip155:1/erc20:0x" + "c" * 40
GBP = "iso4217:GBP"
PRICES = ({ETH: "2000", USDC: "1"}, {ETH: "2200"}, {ETH: "1800", USDC: "0.9990"}, {ETH: "2500", USDC: "1"})
HELD = ({ETH: "1.5"}, {ETH: "2", USDC: "100"}, {ETH: "0.5", USDC: "2700"}, {USDC: "2700"})


def day(number: float) -> datetime:
    return DAY_0 + timedelta(days=number)


def observed(
    account: str, at: datetime, held: Mapping[str, str], *, kind: str = "wallet", provider: str = "evm", **more: object
) -> BalancesObserved:
    """A whole statement of amounts alone: it is valued by the price feed."""
    scope = "wallet" if provider == "evm" else "defi"
    source = Source(tenant="acme", provider=provider, account=account, scope=scope)
    lines = tuple(
        Balance(asset=asset, kind="borrowed" if amount.startswith("-") else kind, amount=abs(Decimal(amount)),
                side="debt" if amount.startswith("-") else "asset")  # type: ignore[arg-type]
        for asset, amount in held.items()
    )  # fmt: skip
    stated = {"account": account, "scope": scope, "observed_at": at, "fetched_at": at, "balances": lines} | more
    identity = snapshot_id(source, Snapshot(**stated))  # type: ignore[arg-type]
    return BalancesObserved(  # type: ignore[call-arg]
        id=identity,
        tenant="acme",
        provider=provider,
        snapshot_id=identity,
        job_id="0" * 32,
        lines=len(lines),
        **stated,
    )


def priced(at: datetime, prices: Mapping[str, str], quote: str = "iso4217:USD") -> PricesObserved:
    stated = tuple(Price(asset=asset, at=at, price=Decimal(price), quote=quote) for asset, price in prices.items())
    identity = hashlib.sha256(f"{at}{prices}{quote}".encode()).hexdigest()[:32]
    return PricesObserved(
        id=identity, tenant="public", provider="prices", fetched_at=at, job_id="0" * 32, prices=stated
    )


def example(account: str) -> list[Event]:
    events: list[Event] = [priced(day(number), prices) for number, prices in enumerate(PRICES)]
    return events + [observed(account, day(number), held) for number, held in enumerate(HELD)]


async def take_in(warehouse: Warehouse, events: list[Event], *, recorded_at: datetime) -> None:
    """As the aggregator does, in one batch."""
    arrivals = [
        Arrival(event=event, sequence=number, recorded_at=recorded_at) for number, event in enumerate(events, start=1)
    ]
    await commit(warehouse, prepare(arrivals), ranking=())
