"""`at=` and `known_at=`: the value at T as it was known at K."""

from datetime import UTC, datetime
from typing import Annotated

from litestar.params import QueryParameter
from msgspec import Struct

from holdfast.domain.time import to_ms
from services.api.problems import ApiError
from services.api.vocabulary import parse_instant

FAR = datetime(2200, 1, 1, tzinfo=UTC)
"""Later than any instant that is stored."""

At = Annotated[
    str | None,
    QueryParameter(
        name="at",
        schema_extra={"format": "date-time"},
        description="The instant that the value is of, ISO 8601 with its zone; else `known_at`, else now.",
    ),
]
KnownAt = Annotated[
    str | None,
    QueryParameter(
        name="known_at",
        schema_extra={"format": "date-time"},
        description="Only what was recorded by then: statements, prices, rates, memberships and rules. Else all of it.",
    ),
]


class Moment(Struct, frozen=True, kw_only=True):
    """What a past value was asked for. `known_at` is None for all that is known now."""

    at: datetime
    known_at: datetime | None

    @property
    def recorded_by(self) -> datetime:
        return self.known_at or FAR


def parse_moment(at: str | None, known_at: str | None, *, now: datetime) -> Moment | None:
    """None for what is current. Raises ApiError for what is no time, and for an instant to come."""
    if at is None and known_at is None:
        return None
    knowing = parse_instant("known_at", known_at)
    asked = parse_instant("at", at) or min(knowing or now, now)
    if asked > now:
        raise ApiError(400, "time_invalid", "that is still to come", field="at", fix="Ask for an instant up to now")
    return Moment(at=to_ms(asked), known_at=None if knowing is None else to_ms(knowing))
