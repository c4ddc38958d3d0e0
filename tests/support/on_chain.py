"""From a node to the warehouse, as a worker and the aggregator behind it do it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from holdfast.domain.time import SystemClock
from holdfast.events import FetchRequested
from holdfast.events.event import Event
from holdfast.providers import evm
from holdfast.providers.evm.provider import EvmProvider
from holdfast.providers.evm.settings import ChainSettings, EvmSettings
from holdfast.providers.kit.contract import Target
from holdfast.providers.kit.exchange import open_exchange
from holdfast.providers.kit.session import build_session
from holdfast.settings import Secret
from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.commit import insert
from services.aggregator.prepared import prepare
from services.worker.results import Run, fetched_events
from tests.support.anvil import Anvil

ANVIL_STARTS = datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)
BLOCK_TIME = timedelta(seconds=12)


@asynccontextmanager
async def reading(anvil: Anvil, **chain: Any) -> AsyncIterator[EvmProvider]:
    """The provider, with settings of the chain besides the address of the node."""
    settings = EvmSettings(
        chains={"31337": ChainSettings(rpc_url=Secret(anvil.url), **chain)}, requests_per_second=1000
    )
    session = build_session(evm.MANIFEST, settings, SystemClock())
    yield evm.build(settings, session, SystemClock())
    await session.close()


async def store(warehouse: Warehouse, *events: Event) -> None:
    now = datetime.now(UTC)
    arrivals = [Arrival(event=event, sequence=n, recorded_at=now) for n, event in enumerate(events, 1)]
    await insert(warehouse, prepare(arrivals), ranking=())


async def fetch(warehouse: Warehouse, provider: EvmProvider, feed: str, account: str) -> None:
    now = datetime.now(UTC)
    job = FetchRequested(
        id="5" * 32,
        tenant="acme",
        provider="evm",
        feed=feed,
        target=account,
        scope="wallet",
        slot=now,
        lane="due",
        requested_at=now,
    )
    with open_exchange():
        fetched = await provider.fetch(Target(feed=feed, target=account, scope="wallet"))
    run = Run(job=job, attempt=1, started_at=now)
    await store(warehouse, *fetched_events(run, fetched, finished_at=now, limit_bytes=1_000_000))


def pass_time(anvil: Anvil) -> datetime:
    """One more block; returns its time."""
    anvil.ask("evm_increaseTime", 12)
    anvil.mine()
    return time_of(anvil, "latest")


def time_of(anvil: Anvil, block: str) -> datetime:
    return datetime.fromtimestamp(int(anvil.ask("eth_getBlockByNumber", block, False)["timestamp"], 16), UTC)
