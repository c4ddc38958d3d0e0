"""Instants as whole numbers: the arithmetic of the world knows no float."""

from datetime import UTC, datetime, timedelta

GENESIS = datetime(2020, 1, 1, tzinfo=UTC)
"""Before it there is no world: no blocks, no prices. A whole number of days since 1970, so that every step
(two seconds, a minute, an hour) starts on the same grid."""

_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)


class BeforeGenesisError(ValueError):
    """An instant at which the world did not exist yet."""


def since_genesis(instant: datetime) -> int:
    """Whole seconds. Raises BeforeGenesisError."""
    if instant < GENESIS:
        raise BeforeGenesisError(f"{instant.isoformat()}: the world begins at {GENESIS.isoformat()}")
    return (instant - GENESIS) // _SECOND


def at_second(seconds: int) -> datetime:
    return GENESIS + seconds * _SECOND


def unix_ms(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // _MILLISECOND


def iso(instant: datetime) -> str:
    """`2026-01-31T12:00:00.000Z`"""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
