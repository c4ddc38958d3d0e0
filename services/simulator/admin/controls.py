"""`/_clock`, `/_knobs` and `/_log`: what can be turned and read while it runs."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from services.simulator.clock import WorldClock
from services.simulator.exchange import Answer, Request, to_json
from services.simulator.faults import Faults, KnobsError
from services.simulator.request_log import RequestLog
from services.simulator.world.instants import GENESIS, iso


class ClockChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays."""

    at: Annotated[datetime, Meta(tz=True)] | None = None
    rate: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    frozen: bool | None = None


class Controls:
    def __init__(self, *, clock: WorldClock, faults: Faults, log: RequestLog) -> None:
        self._clock = clock
        self._faults = faults
        self._log = log

    def show_clock(self, _: Request) -> Answer:
        return to_json(self._clock.state)

    def change_clock(self, request: Request) -> Answer:
        """A body as `{"at": "2026-01-31T12:00:00Z", "rate": 60, "frozen": true}`, or `?frozen` alone."""
        try:
            change = msgspec.json.decode(request.body or b"{}", type=ClockChange)
        except msgspec.DecodeError as error:
            return _refusal(
                str(error), 'send {"at": "2026-01-31T12:00:00Z", "rate": 60, "frozen": true}, or a part of it'
            )
        if change.at is not None and change.at < GENESIS:
            return _refusal(f"at: the world begins at {iso(GENESIS)}", "choose a later instant")
        frozen = change.frozen if "frozen" not in request.query else request.query["frozen"] not in ("false", "0")
        self._clock.change(at=change.at, rate=change.rate, frozen=frozen)
        return to_json(self._clock.state)

    def show_knobs(self, _: Request) -> Answer:
        return to_json(self._faults.all_knobs)

    def turn_knobs(self, request: Request) -> Answer:
        """`{"okx": {"latency_ms": 50, "too_many_requests": 100}}`: rates per mille."""
        try:
            self._faults.turn(msgspec.json.decode(request.body))
        except (KnobsError, msgspec.DecodeError) as error:
            return _refusal(str(error), 'send {"okx": {"latency_ms": 50, "too_many_requests": 100}}')
        return to_json(self._faults.all_knobs)

    def reset_knobs(self, _: Request) -> Answer:
        self._faults.reset()
        return to_json(self._faults.all_knobs)

    def show_log(self, request: Request) -> Answer:
        """`?upstream=okx&limit=100`; newest first."""
        limit = request.query.get("limit", "1000")
        if not limit.isdecimal():
            return _refusal(f"limit: {limit[:20]!r} is no number", "send limit=100")
        entries = self._log.newest(upstream=request.query.get("upstream", ""), limit=int(limit))
        return to_json({"counts": self._log.counts, "requests": entries})

    def clear_log(self, request: Request) -> Answer:
        self._log.clear()
        return self.show_log(request)


def _refusal(error: str, fix: str) -> Answer:
    return to_json({"error": error, "fix": fix}, status=400)
