"""Works out closed days beside everything else that the aggregator does.

Nothing waits for it, and it works for a share of its time only, so that taking events in goes first; a day that fails
is left for the next turn, and an outage ends the turn. Any number of replicas may do the same: a row of a later look at
what is stored replaces one of an earlier look, and whoever finds that another was faster lets it be.

What came late is looked at once: a turn that leaves nothing due has worked in all that had been there for the margin
when it began, and the next one reads what came later. That is remembered here alone, so the first turn of a process
looks at everything, and so does each turn until one leaves nothing due.
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import date, timedelta
from time import monotonic

from holdfast.domain.time import Clock
from holdfast.observability import metrics
from holdfast.observability.logs import logger
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.errors import WarehouseUnavailable
from holdfast.warehouse.writer import write
from services.aggregator.closing.awaiting import note_awaited
from services.aggregator.closing.days import EVER, DueDay, begin, newest_closed, note_told_again, read_clock, read_due
from services.aggregator.closing.working_out import work_out
from services.aggregator.settings import ClosingSettings

log = logger(__name__)

_AT_ONCE = 1000
"""Days that are asked for in one statement."""
_OWN_LIMITS = frozenset({159, 209, 241})
"""Codes of a statement that takes too long, or too much memory: the next one may well not."""


class Closer:
    """`run` never ends by itself."""

    def __init__(
        self, warehouse: Warehouse, clock: Clock, settings: ClosingSettings, *, ranking: Sequence[str]
    ) -> None:
        self._warehouse = warehouse
        self._clock = clock
        self._settings = settings
        self._ranking = tuple(ranking)
        self._failed: set[tuple[str, str, date]] = set()
        self._worked_in = EVER
        """What came before is in every row that is stored."""

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._settings.every_s)
            try:
                await self.close_due()
            except Exception as error:
                if await self._is_outage(error):
                    log.warning("closed days will be looked for again", error=str(error)[:500])
                    continue
                metrics.closing_failures.inc()
                log.exception("closed days could not be looked for")

    async def close_due(self) -> int:
        """Until nothing is due but what has failed in this turn; how many days were worked out. May be repeated.

        Raises WarehouseError for the question what is due, and WarehouseUnavailable in an outage.
        """
        self._failed.clear()
        began = await read_clock(self._warehouse)
        await note_told_again(self._warehouse, since=self._worked_in)
        await note_awaited(self._warehouse, earliest=self._newest() - timedelta(days=self._settings.days))
        closed = await self._close_all()
        if not self._failed:
            self._worked_in = began - timedelta(seconds=self._settings.margin_s)
        return closed

    async def _close_all(self) -> int:
        closed = 0
        while due := await self._read_due():
            for one in due:
                began = monotonic()
                closed += await self._close(one)
                await asyncio.sleep((monotonic() - began) * (1 / self._settings.share - 1))
        return closed

    async def _read_due(self) -> list[DueDay]:
        """In no order, so that replicas seldom take up the same."""
        found = await read_due(
            self._warehouse,
            self._newest(),
            self._settings,
            ranking=self._ranking,
            most=_AT_ONCE + len(self._failed),
            since=self._worked_in,
        )
        due = [one for one in found if one.key not in self._failed]
        random.shuffle(due)
        return due

    def _newest(self) -> date:
        return newest_closed(self._clock.now(), after_s=self._settings.after_s)

    async def _close(self, due: DueDay) -> bool:
        """Whether it was worked out here. What fails must take nothing else with it."""
        try:
            began = await begin(self._warehouse, due)
            if began is None:
                return False
            await write(self._warehouse, await work_out(self._warehouse, due, began=began, ranking=self._ranking))
        except Exception as error:
            if await self._is_outage(error):
                raise
            self._failed.add(due.key)
            metrics.closing_failures.inc()
            log.exception("a day could not be worked out", tenant=due.tenant, portfolio=due.portfolio, day=str(due.day))
            return False
        metrics.closed_days.inc()
        return True

    async def _is_outage(self, error: Exception) -> bool:
        """Whether any other day would fail as well. Nobody answered this one: do they answer anything?"""
        if not isinstance(error, WarehouseUnavailable) or error.code in _OWN_LIMITS:
            return False
        return error.code is not None or not await self._warehouse.ping()
