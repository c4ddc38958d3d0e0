"""Timestamps as DALP takes them: ISO 8601, or digits of seconds, milli-, micro- or nanoseconds; years 1970 to 9999.

Source of the digits: the open predecessor, packages/zod; 10, 13, 16 and 19 digits long.
"""

from datetime import UTC, datetime, timedelta

_UNITS = {10: 1, 13: 10**3, 16: 10**6, 19: 10**9}
"""Units in a second, by the number of digits."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TimestampError(ValueError):
    """Not a timestamp, or outside the years 1970 to 9999."""


def parse_timestamp(text: str) -> datetime:
    """Aware UTC, cut to microseconds. A time without a zone is UTC, as in JavaScript's dates. Raises TimestampError."""
    text = text.strip()
    try:
        at = _of_digits(text) if text.isascii() and text.isdecimal() else _of_iso(text)
    except (ValueError, OverflowError) as error:
        raise TimestampError(f"{text[:40]!r} is not a timestamp between 1970 and 9999") from error
    if at < _EPOCH:
        raise TimestampError(f"{text[:40]!r} is before 1970")
    return at


def to_timestamp(at: datetime) -> str:
    """`2026-03-24T13:00:00.000Z`"""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _of_digits(text: str) -> datetime:
    if len(text) not in _UNITS:
        raise ValueError("10, 13, 16 or 19 digits")
    return _EPOCH + timedelta(microseconds=int(text) * 10**6 // _UNITS[len(text)])


def _of_iso(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
