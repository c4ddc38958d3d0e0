"""How numbers and names are written in answers: money as exact decimal text, unknown as null, never 0."""

from datetime import UTC, datetime
from typing import Annotated

from litestar.params import PathParameter
from msgspec import Meta

from services.api.problems import ApiError

Money = Annotated[
    str, Meta(pattern=r"^-?[0-9]{1,40}(\.[0-9]{1,36})?$", description="Exact decimal text.", examples=["1234.5"])
]
Time = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, PathParameter(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def parse_instant(field: str, text: str | None) -> datetime | None:
    """Raises ApiError for anything but ISO 8601 with a time zone, of years that the warehouse can store."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None and _FIRST <= at.astimezone(UTC) < _LAST:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ApiError(
        400,
        "time_invalid",
        f"{text[:60]!r} is not a time with a zone, from 1970 to 2199",
        field=field,
        fix="Write ISO 8601 with its zone, as 2026-01-31T00:00:00Z",
    )
