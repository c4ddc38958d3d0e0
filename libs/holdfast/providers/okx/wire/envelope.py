"""What every OKX answer comes in: {"code": 0, "msg": "", "data": …}.

`code` is the number 0 in some answers and the text "0" in others, so codes are compared as text; `data`
is an object in v5 and an array in v6 details.
"""

from typing import Any

from msgspec import Struct

from holdfast.providers.okx.wire.reading import ShapeError
from holdfast.providers.okx.wire.rendering import Generation

OK = "0"


class Envelope(Struct, frozen=True, kw_only=True):
    code: str
    message: str = ""
    data: object = None

    @property
    def is_ok(self) -> bool:
        return self.code == OK


def to_envelope(value: object) -> Envelope:
    """From decoded JSON. Raises ShapeError: no object, no code, or success without data."""
    if not isinstance(value, dict):
        raise ShapeError("expected an object with code and data")
    code = value.get("code")
    if isinstance(code, bool) or not isinstance(code, str | int):
        raise ShapeError("no code in the answer")
    if str(code) == OK and "data" not in value:
        raise ShapeError("code 0 without data")
    message = value.get("msg") or value.get("error_message")
    return Envelope(code=str(code), message=message if isinstance(message, str) else "", data=value.get("data"))


def ok_answer(data: Any, generation: Generation) -> dict[str, Any]:
    """The envelope of success; `data` as `rendering.to_json` gives it."""
    return _answer(generation.ok, "", data)


def error_answer(code: str, message: str, generation: Generation) -> dict[str, Any]:
    """The envelope of failure."""
    return _answer(int(code) if isinstance(generation.ok, int) else code, message, None)


def market_answer(data: Any) -> dict[str, Any]:
    """The envelope of success below `/dex/market`, which has three keys."""
    return {"code": OK, "data": data, "msg": ""}


def market_error(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "data": [], "msg": message}


def _answer(code: str | int, message: str, data: Any) -> dict[str, Any]:
    return {
        "code": code,
        "msg": message,
        "error_code": str(code),
        "error_message": message,
        "detailMsg": "",
        "data": data,
    }
