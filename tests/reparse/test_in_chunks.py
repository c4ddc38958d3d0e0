"""Whatever is in memory at once, and wherever a run ends: the same is corrected."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.providers.kit.contract import Fetched, Target
from services.worker.reparsing.keeping import Sizes
from services.worker.reparsing.reporting import Tally
from tests.reparse.past import OKX, Past, Wrong


class Steps:
    """What a run tells as it goes on."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def begin(self, provider: str, fetches: int) -> None:
        self.told.append(fetches)

    def advance(self, fetches: int) -> None:
        self.told.append(fetches)


class Timed:
    """States the hour of its clock, and no totals."""

    def __init__(self, right: Any, clock: Any) -> None:
        self._right, self._clock = right, clock

    async def fetch(self, target: Target) -> Fetched:
        fetched = await self._right.fetch(target)
        hour = self._clock.now().replace(minute=0, second=0, microsecond=0)
        snapshots = tuple(replace(one, observed_at=hour) for one in fetched.snapshots)
        return replace(fetched, snapshots=snapshots, totals=())  # type: ignore[no-any-return]


TIMED = replace(OKX, build=lambda settings, session, clock: Timed(OKX.build(settings, session, clock), clock))
TIMED_WRONG = replace(OKX, build=lambda settings, session, clock: Wrong(TIMED.build(settings, session, clock)))


async def fetched_hourly(past: Past, count: int) -> None:
    for number in range(count):
        await past.fetch(TIMED_WRONG, job=f"{number:032x}", later=-timedelta(hours=number))


@pytest.mark.parametrize(
    ("sizes", "steps"),
    [
        (Sizes(), [5, 5]),
        (Sizes(page=2), [5, 2, 2, 1]),
        (Sizes(few=1), [5, 1, 1, 1, 1, 1]),
        (Sizes(few_bytes=1), [5, 1, 1, 1, 1, 1]),
        (Sizes(page=5, few_bytes=18), [5, 2, 2, 1]),
    ],
)
async def test_whatever_is_in_memory_at_once_the_same_is_corrected(past: Past, sizes: Sizes, steps: list[int]) -> None:
    """Of each fetch 9 bytes are said to have come."""
    await fetched_hourly(past, 5)
    told = Steps()
    report = await past.reparse(TIMED, progress=told, sizes=sizes)
    assert (report.fetches, report.corrected, told.told) == (5, 5, steps)
    assert (await past.reparse(TIMED, sizes=sizes)).corrected == 0


class Failing:
    """The network is gone when the third is asked for."""

    def __init__(self, right: Any) -> None:
        self._right, self._left = right, 2

    async def fetch(self, target: Target) -> Fetched:
        if not self._left:
            raise OSError("gone")
        self._left -= 1
        return await self._right.fetch(target)  # type: ignore[no-any-return]


async def test_a_run_that_is_cut_short_has_corrected_what_it_reached_and_another_goes_on(past: Past) -> None:
    await fetched_hourly(past, 5)
    tally, one = Tally(), Sizes(few=1)
    with pytest.raises(OSError, match="gone"):
        await past.reparse(replace(TIMED, build=lambda *built: Failing(TIMED.build(*built))), tally=tally, sizes=one)
    await past.settle()
    assert tally.fetches == 2
    assert tally.reached is not None
    report = await past.reparse(TIMED, first=tally.reached)
    assert (report.fetches, report.corrected) == (4, 3)
    assert await past.statements() == 10
