"""`[scheduler]`"""

from typing import Annotated

from msgspec import Meta, Struct

from holdfast.settings.shared import HealthSettings

_HEALTH = HealthSettings(port=9101)


class SchedulerSettings(Struct, frozen=True, kw_only=True):
    health: HealthSettings = _HEALTH
    tick_s: Annotated[float, Meta(ge=0.05, le=60)] = 1
    """How often it looks what is due."""
    takeover_after_s: Annotated[float, Meta(ge=5, le=3600)] = 60
    """When another scheduler's unconfirmed claim is taken over; longer than any pause of a living process."""
    shutdown_grace_s: Annotated[float, Meta(ge=0, le=600)] = 10
    publish_deadline_s: Annotated[float, Meta(ge=1, le=60)] = 15
    backfill_days: Annotated[int, Meta(ge=0, le=36_500)] = 30
    """How much of the past is fetched of a source that is new, where its provider has any; 0 for none."""
    backfill_after_s: Annotated[float, Meta(ge=0, le=86_400)] = 15
    """The head start that what is now has over a new source's past."""
    backfill_outstanding: Annotated[int, Meta(ge=1, le=1000)] = 2
    """Backfill jobs of one provider in the stream at a time; what else is planned waits its turn."""
    backfill_events: Annotated[int, Meta(ge=1)] = 200
    """History waits while the aggregator has more events than this before it: what is now comes first."""
