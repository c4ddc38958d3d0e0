"""The `[embedded]` section."""

from typing import Annotated

from msgspec import Meta, Struct

from holdfast.settings.secret import Secret
from holdfast.settings.shared import Port

TenantName = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,62}$")]


class EmbeddedSettings(Struct, frozen=True, kw_only=True):
    """`[embedded]`: the ClickHouse engine on this machine.

    Its owner is the user of `[clickhouse]`; the analyst reads that section's database and nothing else.
    """

    data_dir: str = "data/clickhouse"
    host: str = "127.0.0.1"
    port: Port = 8123
    """0 takes a free one and says which in the log (`event=listening`)."""
    analyst_user: str = "analyst"
    """A read-only user for SQL tools; also who a caller without a user is. Empty for none."""
    analyst_password: Secret = Secret("")
    tenant_analysts: dict[TenantName, Secret] = {}
    """Passwords by tenant: the user analyst-<tenant> reads that tenant's rows and nobody else's."""
    threads: Annotated[int, Meta(ge=2, le=256)] = 16
    """Statements that run at once; further ones wait. The analyst gets at most half of them."""
    query_memory_bytes: Annotated[int, Meta(ge=64 << 20)] = 4 << 30
    """Of one statement of the owner, unless the statement sets max_memory_usage itself."""
    query_seconds: Annotated[int, Meta(ge=1)] = 600
    """The same for max_execution_time."""
    analyst_memory_bytes: Annotated[int, Meta(ge=64 << 20)] = 1 << 30
    """Of one statement of the analyst, and of its result. The analyst can ask for less, not for more."""
    analyst_seconds: Annotated[int, Meta(ge=1)] = 60
    query_log_days: Annotated[int, Meta(ge=1)] = 7
    """How long system.query_log keeps what was asked."""
