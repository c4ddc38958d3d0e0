"""Each upstream system in both directions, in the running stack: fetched, served, and round again.

fetched     what its provider brought equals the world's truth, to the last digit
served      our dialect of it answers over HTTP with our own figures
round_trip  a provider that is pointed at our dialect arrives at our figures, as far as that wire carries them

A system is a module here with these three functions, each returning what differs, and a line in SYSTEMS.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import ModuleType

from msgspec import Struct

from services.local.comparing import Difference
from services.local.systems import bitpanda, credmark, dalp, okx_clusters, okx_defi
from services.local.systems.bench import Bench

Check = Callable[[Bench], Awaitable[list[Difference]]]

SYSTEMS: dict[str, ModuleType] = {
    "okx_defi": okx_defi,
    "okx_clusters": okx_clusters,
    "bitpanda": bitpanda,
    "dalp": dalp,
    "credmark": credmark,
}


class SystemCheck(Struct, frozen=True, kw_only=True):
    fetched: bool
    served: bool
    round_trip: bool
    differences: tuple[Difference, ...]

    @property
    def right(self) -> bool:
        return self.fetched and self.served and self.round_trip


async def check_systems(bench: Bench) -> dict[str, SystemCheck]:
    """All of them at once. Never raises: what cannot be asked is a difference."""
    checks = await asyncio.gather(*(check_system(bench, system) for system in SYSTEMS.values()))
    return dict(zip(SYSTEMS, checks, strict=True))


async def check_system(bench: Bench, system: ModuleType) -> SystemCheck:
    fetched, served, round_trip = [
        await _differences(name, check, bench)
        for name, check in (
            ("fetched", system.fetched),
            ("served", system.served),
            ("round_trip", system.round_trip),
        )
    ]
    return SystemCheck(
        fetched=not fetched,
        served=not served,
        round_trip=not round_trip,
        differences=(*fetched, *served, *round_trip),
    )


async def _differences(name: str, check: Check, bench: Bench) -> list[Difference]:
    try:
        return [
            Difference(what=f"{name}: {one.what}", expected=one.expected, actual=one.actual)
            for one in await check(bench)
        ]
    except Exception as error:  # noqa: BLE001 - a system that cannot be asked is wrong, and the others are still looked at
        return [Difference(what=name, expected="an answer", actual=f"{type(error).__name__}: {error}"[:500])]
