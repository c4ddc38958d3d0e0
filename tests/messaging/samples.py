"""Events to publish."""

from datetime import UTC, datetime
from decimal import Decimal

from holdfast.domain.balances import Balance
from holdfast.domain.jobs import Lane, job_id
from holdfast.events import BalancesObserved, FetchRequested

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class FixedClock:
    def now(self) -> datetime:
        return AT


def a_job(
    number: int = 0, *, lane: Lane = "due", provider: str = "acme", target: str = "acme:wallet"
) -> FetchRequested:
    slot = AT.replace(minute=number % 60, hour=number // 60 % 24)
    return FetchRequested(
        id=job_id(tenant="t", provider=provider, feed="balances", target=target, scope="main", slot=slot),
        tenant="t",
        provider=provider,
        feed="balances",
        target=target,
        scope="main",
        slot=slot,
        lane=lane,
        requested_at=AT,
    )


def a_snapshot(number: int, *, balances: tuple[Balance, ...] | None = None) -> BalancesObserved:
    lines = balances if balances is not None else (Balance(asset="iso4217:USD", kind="wallet", amount=Decimal(number)),)
    identity = f"{number:032x}"
    return BalancesObserved(
        id=identity,
        tenant="t",
        provider="acme",
        account=f"acme:wallet-{number}",
        scope="main",
        snapshot_id=identity,
        observed_at=AT,
        fetched_at=AT,
        job_id="0" * 32,
        balances=lines,
        lines=len(lines),
    )
