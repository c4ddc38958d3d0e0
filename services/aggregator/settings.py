"""`[aggregator]`"""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from holdfast.domain.agreement import check_allowed
from holdfast.settings.shared import HealthSettings

_HEALTH = HealthSettings(port=9103)


class GuardSettings(Struct, frozen=True, kw_only=True):
    """What is noticed: docs/sql.md, cross_checks and portfolio_jumps."""

    check_tolerance: Decimal = Decimal("0.01")
    """Two numbers of one thing agree when they differ by no more than this share of the greater one."""
    check_reach_s: Annotated[int, Meta(ge=1, le=7 * 86400)] = 3600
    """How much older than what it is held against a statement may be."""
    return_tolerance: Decimal = Decimal("0.01")
    """Two returns agree when they differ by no more than this share of the money at work: held, and moved since."""
    return_window_s: Annotated[int, Meta(ge=60, le=31 * 86400)] = 86400
    """Over how much time reported returns are held against ours."""
    jump_ratio: Decimal = Decimal("0.2")
    """A total that moves further between two points, as a share of what it was, is noticed; 0 notices none. Of a
    portfolio that has a `jump_ratio` of its own, that one holds."""

    def __post_init__(self) -> None:
        """msgspec bounds no decimals."""
        for name in ("check_tolerance", "return_tolerance"):
            tolerance: Decimal = getattr(self, name)
            if not (tolerance.is_finite() and 0 <= tolerance <= 1):
                raise ValueError(f"{name} must be between 0 and 1")
        try:
            check_allowed(self.jump_ratio)
        except ValueError as error:
            raise ValueError(f"jump_ratio {error}") from None


_GUARDS = GuardSettings()


class ClosingSettings(Struct, frozen=True, kw_only=True):
    """Returns and flows of closed days, for SQL: docs/sql.md, portfolio_returns and portfolio_flows."""

    every_s: Annotated[float, Meta(ge=0, le=86400)] = 300
    """How often is looked for days that are due; 0: never."""
    after_s: Annotated[float, Meta(ge=0, le=86400)] = 900
    """How long a day has been over, in UTC, before it is worked out: what was seen at its end is then stored."""
    days: Annotated[int, Meta(ge=1, le=36_600)] = 400
    """How many closed days are kept worked out; older ones stay as they are."""
    share: Annotated[float, Meta(gt=0, le=1)] = 0.5
    """Of its time that it works at most, so that taking events in goes first."""
    margin_s: Annotated[float, Meta(ge=0, le=86400)] = 60
    """So long after it came is late data worked in: by then all of it is visible."""


_CLOSING = ClosingSettings()


class AggregatorSettings(Struct, frozen=True, kw_only=True):
    health: HealthSettings = _HEALTH
    batch_messages: Annotated[int, Meta(ge=1, le=20_000)] = 1000
    batch_bytes: Annotated[int, Meta(ge=65536)] = 16 * 1024 * 1024
    """A batch is complete at either; two are in memory at once, as messages and as rows."""
    batch_wait_s: Annotated[float, Meta(ge=0, le=10)] = 0.1
    """How long a batch waits for more after its first message."""
    group_messages: Annotated[int, Meta(ge=1, le=20_000)] = 5000
    group_wait_s: Annotated[float, Meta(ge=0, le=10)] = 2.0
    """Under a backlog, totals are computed once for so many messages or so much time; else after each batch."""
    guards: GuardSettings = _GUARDS
    closing: ClosingSettings = _CLOSING
    most_dead_in_a_row: Annotated[int, Meta(ge=1)] = 500
    """After so many messages that cannot be stored and none that can, a stream is left alone: see /ready."""
    reconcile_every_s: Annotated[float, Meta(ge=0.1, le=3600)] = 15
    """How often the registry's projection is compared with the registry although nothing changed."""
    watchdog_after_s: Annotated[float, Meta(ge=5, le=3600)] = 120
    shutdown_grace_s: Annotated[float, Meta(ge=0, le=600)] = 30
