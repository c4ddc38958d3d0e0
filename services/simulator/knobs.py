"""What can be made to go wrong, and how often: per upstream, and the same again for the same seed.

Rates are per mille of the upstream's requests. Each request draws one number from (seed, upstream,
its own count), so a test that sends the same requests meets the same faults at the same places.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import asdict

from services.simulator.exchange import Refusal
from services.simulator.world.draws import draw

Permille = Annotated[int, Meta(ge=0, le=1000)]
Damage = Literal["malformed", "truncated", "dropped", "dripped", "bombed"]
Fault = Refusal | Damage

_RATES = (
    "too_many_requests",
    "unavailable",
    "syncing",
    "payment_required",
    "key_revoked",
    "malformed",
    "truncated",
    "dropped",
    "dripped",
    "bombed",
)


class Knobs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one upstream. At most one fault befalls a request: the rates add up to 1000 or less."""

    latency_ms: Annotated[int, Meta(ge=0, le=600_000)] = 0
    jitter_ms: Annotated[int, Meta(ge=0, le=600_000)] = 0
    """On top of the latency, drawn anew for each request."""
    too_many_requests: Permille = 0
    """429."""
    unavailable: Permille = 0
    """A 5xx."""
    syncing: Permille = 0
    """Not ready yet: OKX's 84021, a node's missing state."""
    payment_required: Permille = 0
    """402."""
    key_revoked: Permille = 0
    """1000 revokes the key."""
    malformed: Permille = 0
    """200 and a body that is not JSON."""
    truncated: Permille = 0
    """Half of the announced body, then the connection closes."""
    dropped: Permille = 0
    """The connection closes without an answer."""
    dripped: Permille = 0
    """The right answer, one byte every `drip_ms`."""
    bombed: Permille = 0
    """A few kilobytes of gzip that unpack to 64 MiB."""
    drip_ms: Annotated[int, Meta(ge=1, le=60_000)] = 100

    def __post_init__(self) -> None:
        if sum(getattr(self, name) for name in _RATES) > 1000:
            raise ValueError(f"the rates {', '.join(_RATES)} add up to more than 1000 per mille; lower one")


class Mishap(Struct, frozen=True, kw_only=True):
    """What is in store for one request."""

    delay_ms: int
    fault: Fault | None


def draw_mishap(seed: int, upstream: str, count: int, knobs: Knobs) -> Mishap:
    """Pure: the `count`-th request to an upstream meets the same mishap in every run."""
    name = f"mishap/{upstream}/{count}"
    jitter = draw(seed, f"{name}/jitter", knobs.jitter_ms + 1) if knobs.jitter_ms else 0
    return Mishap(delay_ms=knobs.latency_ms + jitter, fault=_fault(seed, name, knobs))


def _fault(seed: int, name: str, knobs: Knobs) -> Fault | None:
    rates = asdict(knobs)
    if not any(rates[rate] for rate in _RATES):
        return None
    place = draw(seed, name, 1000)
    for rate in _RATES:
        place -= rates[rate]
        if place < 0:
            return rate  # type: ignore[return-value]
    return None
