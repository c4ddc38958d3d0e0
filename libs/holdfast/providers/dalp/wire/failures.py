"""Both generations of DALP's errors, read as one; the newer one is what we write.

newer   {"error": {"id": "DALP-0006", "category": "permission", "status": 403, "retryable": false, "message": …,
         "why": …, "fix": …, "details": {…}}}, the inner object also at data.dapiError or error.data.dapiError
older   {"code": "USER_NOT_AUTHORIZED", "status": 403, "message": …, "data": {…}}

To branch on: the id (or code), the status and `retryable`; never the text.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from holdfast.providers.dalp.wire.reading import ShapeError, to_struct


class DalpFailure(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    id: str
    """`DALP-0006`; of the older generation its code, as `USER_NOT_AUTHORIZED`."""
    category: str = ""
    status: int | None = None
    retryable: bool | None = None
    """None where nothing says it: the older generation does not."""
    message: str = ""
    why: str = ""
    fix: str = ""
    details: dict[str, Any] = {}

    @property
    def retry_after(self) -> str:
        """As it came, from either generation; empty where it did not."""
        return str(self.details.get("retryAfter", ""))


def to_failure(value: object) -> DalpFailure | None:
    """From the decoded body of an answer; None if it is no error of DALP's."""
    if not isinstance(value, dict):
        return None
    for place in _places(value):
        if isinstance(place, dict) and isinstance(place.get("id"), str) and place["id"]:
            return _read(place)
    code = value.get("code")
    if isinstance(code, str) and code and "status" in value:
        return _read({**value, "id": code, "details": value.get("data")})
    return None


def failure_json(failure: DalpFailure) -> dict[str, Any]:
    """Of the newer generation; `details` only where there are any."""
    inner: dict[str, Any] = {
        "id": failure.id,
        "category": failure.category,
        "status": failure.status,
        "retryable": bool(failure.retryable),
        "message": failure.message,
        "why": failure.why,
        "fix": failure.fix,
    }
    return {"error": inner | ({"details": failure.details} if failure.details else {})}


def _places(value: dict[str, Any]) -> Iterator[object]:
    for outer in (value, value.get("error")):
        if isinstance(outer, dict) and isinstance(outer.get("data"), dict):
            yield outer["data"].get("dapiError")
    yield value.get("error")


def _read(value: dict[str, Any]) -> DalpFailure | None:
    """What is of another type than documented is left out: an error must not hide behind its own shape."""
    fields = {name: value[name] for name in DalpFailure.__struct_encode_fields__ if name in value}
    readable = {name: item for name, item in fields.items() if _fits(name, item)}
    return to_struct(readable, DalpFailure)


def _fits(name: str, item: object) -> bool:
    try:
        to_struct({"id": "", name: item}, DalpFailure)
    except (ShapeError, msgspec.MsgspecError):
        return False
    return True
