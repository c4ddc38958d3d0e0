"""After a commit: checks and jumps are worked out from what is stored by then, stored themselves, and told.

Like points: whoever stores last, looks last and sees everything, and the versions of checks grow with what was
seen. A jump's row names the versions of the two points that it is about, so that it says nothing of others. Events
follow from rows; repeating any of it tells nobody anything new.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, timedelta

from holdfast.events import PortfolioRevalued
from holdfast.messaging.publishing import Publisher, PublishError
from holdfast.observability import metrics
from holdfast.observability.logs import logger
from holdfast.registry.state import RegistryState
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.errors import WarehouseUnavailable
from holdfast.warehouse.rows import PriceRow, PriceWithdrawalRow
from holdfast.warehouse.writer import write
from services.aggregator.guards.crossings import read_crossings, with_outsides
from services.aggregator.guards.jumps import Allowed, find_jumps
from services.aggregator.guards.late_rates import read_rated
from services.aggregator.guards.other_sources import check_other_sources
from services.aggregator.guards.reported_returns import check_reported_returns
from services.aggregator.guards.reported_totals import Instant, check_reported_totals
from services.aggregator.guards.return_cases import Limits
from services.aggregator.points import Point
from services.aggregator.settings import GuardSettings

log = logger(__name__)


class Guard:
    """Raises only that the warehouse or NATS is away; then all of it is repeated with the batch.

    Whatever else goes wrong here is our own fault and no message's: it is logged and counted, and the batch is stored
    without having been looked at.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        publisher: Publisher,
        settings: GuardSettings,
        *,
        ranking: Sequence[str] = (),
        registry: Callable[[], RegistryState] = RegistryState,
    ) -> None:
        """`ranking`: price sources, the most trusted first. `registry`: as it is known when it is called."""
        self._warehouse = warehouse
        self._publisher = publisher
        self._settings = settings
        self._ranking = ranking
        self._registry = registry
        self._reach = timedelta(seconds=settings.check_reach_s)
        self._returns = Limits(settings.return_tolerance, self._reach, timedelta(seconds=settings.return_window_s))

    async def check(
        self, touched: Collection[Instant], *, prices: Collection[PriceRow | PriceWithdrawalRow] = ()
    ) -> None:
        """Statements and reports just stored, by source and instant, and what prices just stored may convert."""
        with _apart("check"):
            rated = await read_rated(self._warehouse, prices)
            if touched or rated:
                await self._check({*touched, *rated})

    async def watch(self, revalued: Sequence[PortfolioRevalued]) -> None:
        """Points just stored."""
        with _apart("watch"):
            await self._watch(revalued)

    async def _check(self, touched: Collection[Instant]) -> None:
        tolerance = self._settings.check_tolerance
        made = [
            *await check_reported_totals(
                self._warehouse, touched, tolerance=tolerance, reach=self._reach, ranking=self._ranking
            ),
            *await check_other_sources(self._warehouse, touched, tolerance=tolerance, reach=self._reach),
            *await check_reported_returns(self._warehouse, touched, self._returns, ranking=self._ranking),
        ]
        if made:
            await write(self._warehouse, await with_outsides(self._warehouse, made))
            await self._publisher.publish_many(await read_crossings(self._warehouse, made))

    async def _watch(self, revalued: Sequence[PortfolioRevalued]) -> None:
        points = {
            Point(one.tenant, one.portfolio, f"{one.bucket.astimezone(UTC):%Y-%m-%d %H:%M:%S}") for one in revalued
        }
        allowed = Allowed(self._registry().portfolios, otherwise=self._settings.jump_ratio)
        rows, events = await find_jumps(self._warehouse, points, allowed)
        if rows:
            await write(self._warehouse, rows)
            await self._publisher.publish_many(events)


@contextmanager
def _apart(step: str) -> Iterator[None]:
    """What only looks must never decide whether a batch is stored."""
    try:
        yield
    except (WarehouseUnavailable, PublishError):
        raise
    except Exception:
        metrics.guard_failures.labels(step).inc()
        log.exception("a guard failed: what was just stored was not looked at", step=step)
