"""The sections that several services read."""

import re
from typing import Annotated, Literal

from msgspec import Meta, Struct

from holdfast.settings.secret import Secret

Port = Annotated[int, Meta(ge=0, le=65535)]
_NAME_IN_TEXT = re.compile(r"\w[\w.:/-]*")


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
    """Price feeds, the most trusted first: in TOML a list, in the environment a text with commas, as first,second. Of
    two that claim a price or a rate for one instant the first counts, and of what one feed claims twice, or of feeds
    that are not named, the claim fetched last."""

    def __post_init__(self) -> None:
        """What is left of a list's brackets and quotes in a text would name feeds that nobody has, and rank nothing."""
        told = "is no name of a price feed; HOLDFAST_PRICES__SOURCES is a text with commas, as first,second, and"
        for name in self.ranking:
            if not self._may_be(name):
                raise ValueError(f'sources: {name!r} {told} in TOML it may be a list, as ["first", "second"]')

    def _may_be(self, name: str) -> bool:
        """A CSV file or an address names its feeds as it likes: a list takes any, but two written as one."""
        return bool(_NAME_IN_TEXT.fullmatch(name)) if isinstance(self.sources, str) else "," not in name

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
