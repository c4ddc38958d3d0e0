"""`[worker]`"""

from typing import Annotated

from msgspec import Meta, Struct

from holdfast.settings.shared import HealthSettings

Seconds = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1, le=1000)]


class WorkerSettings(Struct, frozen=True, kw_only=True):
    """How one worker process works. Which providers it serves is on its command line."""

    health: HealthSettings = HealthSettings(port=9102)
    concurrency: Count = 8
    """Jobs of one provider at a time; its request budget is the provider's own."""
    fetch_deadline_s: Seconds = 300.0
    """A fetch that takes longer counts as an unavailable provider."""
    grace_s: Seconds = 20.0
    """How long work in hand may finish after SIGTERM."""
    bugs_in_a_row: Count = 10
    """So many jobs that failed by our own fault stop the provider, its jobs left in the stream."""
    breaker_after: Count = 3
    """So many unavailable answers in a row open the circuit breaker."""
    breaker_first_s: Seconds = 5.0
    breaker_cap_s: Seconds = 300.0
    providers_folder: str = ""
    """A further folder of providers, beside the built-in ones."""
