"""A day that cannot be worked out is its own trouble; an outage is everybody's."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from holdfast.observability import metrics
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.errors import WarehouseError, WarehouseUnavailable
from services.aggregator.closing.closer import Closer
from services.aggregator.closing.days import EVER
from services.aggregator.settings import ClosingSettings
from tests.aggregator.test_closing import Later

DAY = date(2026, 2, 1)
HEAVY = [f"heavy-{number}" for number in range(3)]


class Engine:
    """Stands for the warehouse: finds days due, and answers for one portfolio alone."""

    def __init__(self, error: WarehouseError, *, answers: bool) -> None:
        self.error, self.answers = error, answers
        self.due = {"light", *HEAVY}
        self.asked_for: list[str] = []
        self.since: list[datetime] = []

    async def ping(self) -> bool:
        return self.answers

    async def read_bytes(self, sql: str, params: Mapping[str, Any], **_: Any) -> bytes:
        if "most" in params:
            self.since.append(params["since"])
            lines = (f'["acme","{one}","{DAY}",1,[],"2026-02-03T00:00:00Z"]' for one in sorted(self.due))
            return "\n".join(lines).encode()
        if not params:
            return b'["2026-02-03T00:00:00Z"]'
        self.asked_for.append(params["portfolio"])
        if params["portfolio"] != "light":
            raise self.error
        self.due.discard("light")  # as if another replica had been faster
        return b'["2026-02-03T00:00:00Z","2026-02-03T00:00:01Z"]'

    async def command(self, *_: Any, **__: Any) -> None:
        """Nothing is to be noted."""


def failures() -> float:
    return float(metrics.closing_failures._value.get())


def closer_of(engine: Engine) -> Closer:
    return Closer(cast("Warehouse", engine), Later(), ClosingSettings(share=1), ranking=())


@pytest.mark.parametrize(
    "error",
    [
        WarehouseUnavailable("too much memory", code=241),
        WarehouseUnavailable("too long", code=159),
        WarehouseUnavailable("no answer in time"),
        WarehouseError("unknown table", code=60),
    ],
    ids=str,
)
async def test_a_day_that_always_fails_is_counted_and_the_others_are_worked_out_in_the_same_turn(
    error: WarehouseError,
) -> None:
    engine, before = Engine(error, answers=True), failures()
    await closer_of(engine).close_due()
    assert sorted(engine.asked_for) == sorted([*HEAVY, "light"]), "each once"
    assert failures() - before == len(HEAVY)


@pytest.mark.parametrize(
    ("error", "answers"),
    [(WarehouseUnavailable("nobody answers"), False), (WarehouseUnavailable("too many statements", code=202), True)],
    ids=str,
)
async def test_an_outage_ends_the_turn_and_is_no_failure_of_a_day(error: WarehouseError, answers: bool) -> None:
    engine, before = Engine(error, answers=answers), failures()
    with pytest.raises(WarehouseUnavailable):
        await closer_of(engine).close_due()
    assert set(engine.asked_for) - {"light"}, "a day was tried"
    assert len(set(engine.asked_for) - {"light"}) == 1
    assert failures() == before


async def test_a_turn_reads_what_came_since_one_that_left_nothing_due_and_until_then_everything() -> None:
    engine = Engine(WarehouseError("unknown table", code=60), answers=True)
    closer = closer_of(engine)
    await closer.close_due()
    await closer.close_due()
    assert set(engine.since) == {EVER}, "a day failed: whatever is due for it is found again"
    engine.due.clear()
    await closer.close_due()
    await closer.close_due()
    margin = timedelta(seconds=ClosingSettings().margin_s)
    assert engine.since[-2:] == [EVER, datetime(2026, 2, 3, tzinfo=UTC) - margin]


async def test_after_an_outage_everything_is_looked_at_again() -> None:
    engine = Engine(WarehouseUnavailable("nobody answers"), answers=False)
    closer = closer_of(engine)
    with pytest.raises(WarehouseUnavailable):
        await closer.close_due()
    engine.due.clear()
    await closer.close_due()
    assert set(engine.since) == {EVER}
