"""Pages: `limit` items and a cursor to the next ones. A cursor is opaque to the caller."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, TypeVar

import msgspec
from litestar.params import QueryParameter

from services.api.problems import ApiError

PositionT = TypeVar("PositionT")

Limit = Annotated[
    int | None, QueryParameter(ge=1, description="Items of a page; the setting api.max_page is the most.")
]
CursorText = Annotated[
    str | None, QueryParameter(name="cursor", max_length=2000, description="`next_cursor` of the page before.")
]


def page_size(limit: int | None, *, most: int) -> int:
    """What was asked for, 1,000 if nothing was. Raises ApiError above `most`."""
    if limit is not None and limit > most:
        raise ApiError(
            400,
            "limit_too_large",
            f"limit is {limit}, at most {most} is served",
            field="limit",
            fix="Follow next_cursor",
        )
    return min(1000, most) if limit is None else limit


def to_cursor(position: object) -> str:
    return urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def parse_cursor(text: str | None, kind: type[PositionT]) -> PositionT | None:
    """Raises ApiError for one that is not ours."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)), type=kind)
    except (ValueError, msgspec.MsgspecError) as error:
        raise ApiError(
            400, "cursor_invalid", "the cursor is not one of this list", field="cursor", fix="Start again without it"
        ) from error
