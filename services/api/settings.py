"""`[api]`"""

from typing import Annotated

from msgspec import Meta, Struct

from holdfast.settings import Secret
from holdfast.settings.shared import Port


class ApiSettings(Struct, frozen=True, kw_only=True):
    host: str = "127.0.0.1"
    port: Port = 8080
    """0 takes a free one, told by the log line `event=listening`."""
    master_key: Secret = Secret("")
    """At least 32 characters: the secrets of signing dialects are derived from it. Empty turns those dialects off."""
    requests_per_minute: Annotated[int, Meta(ge=1)] = 1200
    """Of one key."""
    burst: Annotated[int, Meta(ge=1)] = 100
    """Requests of one key that may come at once."""
    max_body_bytes: Annotated[int, Meta(ge=1024, le=64_000_000)] = 1_000_000
    max_page: Annotated[int, Meta(ge=1, le=100_000)] = 5000
    """Items of one answer; the rest is reached by its cursor."""
    max_watches: Annotated[int, Meta(ge=0, le=1_000_000)] = 100
    """That a tenant may have beside accounts, as tokens; each fetch of one is of the operator's budget."""
    timestamp_window_s: Annotated[int, Meta(ge=1, le=3600)] = 30
    """How far the clock of a signing client may be off."""
    shutdown_grace_s: Annotated[int, Meta(ge=0, le=600)] = 10
