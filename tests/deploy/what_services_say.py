"""One event of each kind, as the services publish them."""

from datetime import UTC, datetime
from decimal import Decimal

from holdfast.domain.balances import Balance
from holdfast.events import (
    BalancesObserved,
    ClustersObserved,
    FetchFinished,
    FetchRequested,
    PortfolioRevalued,
    ReturnsReported,
)
from holdfast.events.event import Event
from holdfast.messaging.dead_letters import Death

ACCOUNT = "eip155:1:0x" + "ab" * 20
_NOW = datetime(2026, 1, 2, 3, tzinfo=UTC)
_ID = "0123456789abcdef0123456789abcdef"


def a_job(provider: str, lane: str) -> FetchRequested:
    return FetchRequested(
        id=_ID, tenant="acme", provider=provider, feed="balances", target=ACCOUNT, scope="wallet", slot=_NOW,
        lane=lane, requested_at=_NOW,
    )  # fmt: skip


def some_balances(provider: str) -> Event:
    line = Balance(asset="eip155:1/slip44:60", kind="wallet", amount=Decimal(1))
    return BalancesObserved(
        id=_ID, tenant="acme", provider=provider, account=ACCOUNT, scope="wallet", snapshot_id=_ID, observed_at=_NOW,
        fetched_at=_NOW, job_id=_ID, balances=(line,), lines=1,
    )  # fmt: skip


def some_returns(provider: str) -> Event:
    return ReturnsReported(
        id="1" * 32, tenant="acme", provider=provider, account=ACCOUNT, scope="wallet", observed_at=_NOW,
        fetched_at=_NOW, job_id=_ID, quote="iso4217:USD", total_return=Decimal(1), items=(),
    )  # fmt: skip


def some_clusters(provider: str) -> Event:
    return ClustersObserved(
        id="2" * 32, tenant="acme", provider=provider, token="eip155:1/slip44:60", observed_at=_NOW, fetched_at=_NOW,
        job_id=_ID, clusters=(),
    )  # fmt: skip


def a_finished_fetch(provider: str) -> Event:
    return FetchFinished(
        id=_ID, tenant="acme", job_id=_ID, provider=provider, feed="balances", target=ACCOUNT, scope="wallet",
        slot=_NOW, lane="due", started_at=_NOW, finished_at=_NOW, attempts=1, requests=1, response_bytes=1,
        snapshots=1, lines=1,
    )  # fmt: skip


def a_revaluation() -> Event:
    return PortfolioRevalued(
        id=_ID, tenant="acme", portfolio="main", bucket=_NOW, as_of=_NOW, latest=True, version="1",
        currency="iso4217:USD", assets=Decimal(1), debt=Decimal(0), net=Decimal(1), lines=1, lines_unpriced=0,
        lines_excluded=0, oldest_input=_NOW,
    )  # fmt: skip


def a_death(stream: str, consumer: str) -> Death:
    return Death(
        reason="UnexpectedResponse", message="", stream=stream, consumer=consumer, sequence=1, subject="s", died_at=_NOW
    )
