"""The sections that several services read."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from holdfast.settings.secret import Secret

Port = Annotated[int, Meta(ge=0, le=65535)]


class NatsSettings(Struct, frozen=True, kw_only=True):
    """`[nats]`"""

    url: str = "nats://127.0.0.1:4222"
    user: str = ""
    password: Secret = Secret("")
    max_payload_bytes: Annotated[int, Meta(ge=65536)] = 1_000_000
    """What a message may weigh; a snapshot above it is split. Not above the server's own max_payload."""
    replicas: Annotated[int, Meta(ge=1, le=5)] = 1
    """Copies of each stream, in a cluster."""


class ClickHouseSettings(Struct, frozen=True, kw_only=True):
    """`[clickhouse]`"""

    url: str = "http://127.0.0.1:8123"
    database: str = "holdfast"
    user: str = "holdfast"
    password: Secret = Secret("")
    raw_days: Annotated[int, Meta(ge=1, le=36500)] = 90
    """How long raw response bodies are kept, for provenance and `holdfast reparse`. `holdfast migrate` applies it."""


class PriceSettings(Struct, frozen=True, kw_only=True):
    """`[prices]`: how a value is chosen and a number converted, wherever that is done."""

    sources: tuple[str, ...] | str = ()
    """Price feeds, the most trusted first, as a list or as one text with commas: of two that claim a price or a rate
    for one instant the first counts, and of what one feed claims twice, or of feeds that are not named, the claim
    fetched last."""

    @property
    def ranking(self) -> tuple[str, ...]:
        """The sources, however they were written. Empty: all are trusted alike."""
        named = self.sources.split(",") if isinstance(self.sources, str) else self.sources
        return tuple(name.strip() for name in named if name.strip())


class LogSettings(Struct, frozen=True, kw_only=True):
    """`[log]`"""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"
    """`auto` is console on a terminal, JSON elsewhere."""


class HealthSettings(Struct, frozen=True, kw_only=True):
    """Where a service answers /live, /ready and /metrics. Port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: Port = 0
