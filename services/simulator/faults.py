"""The knobs as they stand, and how many requests each upstream has had."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import asdict

from services.simulator.knobs import Knobs, Mishap, draw_mishap


class KnobsError(ValueError):
    """Knobs that cannot be set; the message names the field and what is allowed."""


class Faults:
    """Of all upstreams. Counts start again when the knobs of an upstream change."""

    def __init__(self, seed: int, upstreams: Iterable[str]) -> None:
        self._seed = seed
        self._knobs = dict.fromkeys(upstreams, Knobs())
        self._counts = dict.fromkeys(self._knobs, 0)

    def knobs(self, upstream: str) -> Knobs:
        return self._knobs[upstream]

    @property
    def all_knobs(self) -> Mapping[str, Knobs]:
        return self._knobs

    def turn(self, changes: Any) -> None:
        """`{"okx": {"latency_ms": 50}}`: what is not named stays. All or nothing. Raises KnobsError."""
        if not isinstance(changes, dict):
            raise KnobsError(f"expected an object by upstream; there are {', '.join(self._knobs)}")
        turned = {name: self._turned(name, change) for name, change in changes.items()}
        self._knobs |= turned
        self._counts |= dict.fromkeys(turned, 0)

    def reset(self) -> None:
        self._knobs = dict.fromkeys(self._knobs, Knobs())
        self._counts = dict.fromkeys(self._knobs, 0)

    def next_mishap(self, upstream: str) -> Mishap:
        """Of the next request: counted here, drawn from the count."""
        count = self._counts[upstream]
        self._counts[upstream] = count + 1
        return draw_mishap(self._seed, upstream, count, self._knobs[upstream])

    def _turned(self, upstream: str, change: Any) -> Knobs:
        if upstream not in self._knobs:
            raise KnobsError(f"no upstream {upstream!r}; there are {', '.join(self._knobs)}")
        if not isinstance(change, dict):
            raise KnobsError(f"{upstream}: expected an object of knobs")
        try:
            return msgspec.convert({**asdict(self._knobs[upstream]), **change}, Knobs)
        except msgspec.ValidationError as error:
            raise KnobsError(f"{upstream}: {error}; known: {', '.join(asdict(Knobs()))}") from error
