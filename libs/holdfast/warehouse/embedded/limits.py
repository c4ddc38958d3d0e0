"""The settings a statement runs with: what the caller asked for, held to what the caller may have."""

from collections.abc import Mapping

from holdfast.warehouse.embedded.authentication import Account
from holdfast.warehouse.embedded.errors import READONLY, SETTING_CONSTRAINT_VIOLATION, EngineError
from holdfast.warehouse.embedded.settings import EmbeddedSettings

# How a result reads; none of these lets a statement see or spend more.
_ANALYST_FREE = frozenset(
    {
        "cancel_http_readonly_queries_on_client_close",
        "date_time_input_format",
        "date_time_output_format",
        "decimal_check_overflow",
        "extremes",
        "final",
        "format_csv_delimiter",
        "join_use_nulls",
        "limit",
        "max_block_size",
        "offset",
        "result_overflow_mode",
        "session_timezone",
        "use_client_time_zone",
    }
)
_ANALYST_FREE_PREFIXES = ("output_format_",)
# Its own caps only ever make a statement stop sooner.
_ANALYST_LOWERS = frozenset({"max_result_rows", "max_rows_to_read", "max_bytes_to_read", "max_threads"})
# They tell how much was read to find the caller's rows, and so how much there is of others.
_TELLING = frozenset({"max_rows_to_read", "max_bytes_to_read", "output_format_write_statistics"})


def to_settings(account: Account, asked: Mapping[str, str], embedded: EmbeddedSettings) -> dict[str, str]:
    """The settings to SET before the statement. Raises EngineError for one that the caller may not change."""
    if not account.read_only:
        return {
            "max_memory_usage": str(embedded.query_memory_bytes),
            "max_execution_time": str(embedded.query_seconds),
            **asked,
        }
    caps = {
        "max_memory_usage": embedded.analyst_memory_bytes,
        "max_result_bytes": embedded.analyst_memory_bytes,
        "max_execution_time": embedded.analyst_seconds,
    }
    chosen = {name: str(cap) for name, cap in caps.items()}
    for name, value in asked.items():
        if account.tenant is not None and name in _TELLING:
            raise EngineError(READONLY, f"Cannot modify '{name}' setting: it tells of other tenants' rows.")
        if name in caps:
            chosen[name] = _lowered(name, value, caps[name])
        elif name in _ANALYST_LOWERS or name in _ANALYST_FREE or name.startswith(_ANALYST_FREE_PREFIXES):
            chosen[name] = value
        elif (name, value) not in _HARMLESS:
            raise EngineError(READONLY, f"Cannot modify '{name}' setting in readonly mode.")
    return chosen if account.tenant is None else {**chosen, "output_format_write_statistics": "0"}


# Sent unasked by clients that take every server for one they may configure.
_HARMLESS = frozenset({("readonly", "1"), ("readonly", "2"), ("async_insert", "0")})


def _lowered(name: str, value: str, cap: int) -> str:
    try:
        number = float(value)
    except ValueError:
        number = 0
    if not 0 < number <= cap:
        raise EngineError(
            SETTING_CONSTRAINT_VIOLATION, f"Setting {name} shouldn't be greater than {cap}, nor 0 (no limit)."
        )
    return value
