"""What every row is, and how a time is written."""

from datetime import UTC, datetime

from msgspec import Struct


def stored_time(at: datetime) -> str:
    """`2026-01-02 03:04:05.678`, UTC: how a DateTime64(3) column reads a time fastest."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"


class Row(Struct, frozen=True, kw_only=True):
    """One row of the table that its class names."""
