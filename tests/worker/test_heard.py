"""What upstreams with clocks ahead of ours say: of when we heard it, the same whenever the fetch is read again."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from holdfast.domain.balances import Balance, Block, ReportedTotal, Snapshot
from holdfast.domain.clusters import TokenClusters
from holdfast.domain.reported import ReportedReturns
from holdfast.events import FetchRequested
from holdfast.events.checks import check
from holdfast.events.event import Event
from holdfast.providers.kit.contract import Fetched
from services.worker.results import Run, fetched_events

ACCOUNT = "eip155:1:0x742d35cc6634c0532925a3b844bc9e7595f0beb5"
TOKEN = "eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
HEARD = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
FINISHED = HEARD + timedelta(milliseconds=3)
FEEDS = ("balances", "totals", "returns", "clusters")


def to_event(feed: str, at: datetime, *, fetched_at: datetime = FINISHED, heard_at: datetime | None = HEARD) -> Event:
    target = TOKEN if feed == "clusters" else ACCOUNT
    job = FetchRequested(
        id="5" * 32, tenant="acme", provider="evm", feed="balances", target=target, scope="wallet", slot=HEARD,
        lane="due", requested_at=HEARD,
    )  # fmt: skip
    [event] = fetched_events(
        Run(job=job, attempt=1, started_at=HEARD - timedelta(seconds=1)),
        said(feed, at, fetched_at),
        finished_at=FINISHED,
        limit_bytes=100_000,
        heard_at=heard_at,
    )
    check(event)
    return event


def said(feed: str, at: datetime, fetched_at: datetime) -> Fetched:
    if feed == "balances":
        line = Balance(asset="eip155:1/slip44:60", kind="wallet", amount=Decimal(9))
        block = Block(chain="eip155:1", number=7, hash="0x" + "a" * 64, time=at)
        snapshot = Snapshot(
            account=ACCOUNT, scope="wallet", observed_at=at, fetched_at=fetched_at, balances=(line,), block=block
        )
        return Fetched(snapshots=(snapshot,))
    if feed == "totals":
        total = ReportedTotal(account=ACCOUNT, scope="wallet", observed_at=at, currency="iso4217:USD", total=Decimal(9))
        return Fetched(totals=(total,))
    if feed == "returns":
        returns = ReportedReturns(account=ACCOUNT, scope="wallet", observed_at=at, total_return=Decimal(9), items=())
        return Fetched(returns=(returns,))
    return Fetched(clusters=(TokenClusters(token=TOKEN, observed_at=at, clusters=()),))


@pytest.mark.parametrize("feed", FEEDS)
def test_what_is_said_of_the_future_is_of_when_it_was_heard(feed: str) -> None:
    event = to_event(feed, HEARD + timedelta(days=400))
    assert event.observed_at == HEARD  # type: ignore[attr-defined]
    if feed == "balances":
        assert event.block.time == HEARD + timedelta(days=400)  # type: ignore[attr-defined]


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("at", [HEARD, HEARD - timedelta(days=400)])
def test_what_is_said_of_the_past_stays_as_it_is(feed: str, at: datetime) -> None:
    assert to_event(feed, at).observed_at == at  # type: ignore[attr-defined]


@pytest.mark.parametrize("feed", FEEDS)
def test_without_a_recorded_answer_the_end_of_the_fetch_counts(feed: str) -> None:
    event = to_event(feed, HEARD + timedelta(days=400), heard_at=None)
    assert event.observed_at == FINISHED  # type: ignore[attr-defined]


def test_no_snapshot_is_of_a_time_after_it_was_fetched() -> None:
    fetched_at = HEARD - timedelta(minutes=3)
    event = to_event("balances", HEARD, fetched_at=fetched_at)
    assert event.observed_at == event.fetched_at == fetched_at  # type: ignore[attr-defined]


@pytest.mark.parametrize("feed", FEEDS)
def test_the_same_answer_read_again_is_the_same_event(feed: str) -> None:
    """A replay's clock stands at the last answer, where the worker's had gone on."""
    said, again = (to_event(feed, HEARD + timedelta(days=400), fetched_at=at) for at in (FINISHED, HEARD))
    assert said.id == again.id
