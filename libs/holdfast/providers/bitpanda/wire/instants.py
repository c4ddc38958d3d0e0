"""Instants as the upstream writes them: `2021-03-02T16:00:00.000Z`."""

import re
from datetime import UTC, datetime

from holdfast.providers.bitpanda.wire.reading import ShapeError

# fromisoformat alone would take week dates, and dates without a time.
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def to_instant(text: str) -> datetime:
    """UTC. Raises ShapeError for what is not a date and a time with its zone, and for years before 2000."""
    try:
        at = datetime.fromisoformat(text).astimezone(UTC) if _ISO.fullmatch(text) else None
    except (ValueError, OverflowError):
        at = None
    if at is None or at.year < 2000:
        raise ShapeError(f"{text[:40]!r} is not an instant as 2021-03-02T16:00:00.000Z")
    return at


def to_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
