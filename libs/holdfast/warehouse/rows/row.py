"""What every row is, and how a time is written."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct


def stored_time(at: datetime) -> str:
    """`2026-01-02 03:04:05.678`, UTC: how a DateTime64(3) column reads a time fastest."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"


class Row(Struct, frozen=True, kw_only=True):
    """One row of the table that its class names."""


class CopyRow(Row, frozen=True, kw_only=True):
    """A row for each copy of a statement: when it was fetched and recorded is in its key."""

    fetched_at: str
    recorded_at: str
    told: str
    """`fetched_at`, as part of the key."""
    heard: str
    """`recorded_at`, as part of the key."""


def copy_times(fetched_at: datetime, recorded_at: datetime) -> dict[str, Any]:
    """The fields of a CopyRow."""
    told, heard = stored_time(fetched_at), stored_time(recorded_at)
    return {"fetched_at": told, "recorded_at": heard, "told": told, "heard": heard}
