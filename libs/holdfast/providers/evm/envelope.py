"""JSON-RPC 2.0 envelopes: requests to bytes, bytes to answers.

Source: https://www.jsonrpc.org/specification.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from holdfast.providers.evm.failures import RpcFailure


class Request(Struct, frozen=True):
    method: str
    params: list[Any]


Answer: TypeAlias = Any
"""The `result`, whatever JSON it is (None for an unknown block), or an RpcFailure."""


class EnvelopeError(ValueError):
    """The body is no answer to what was asked."""


def to_body(request: Request) -> bytes:
    return msgspec.json.encode(_envelope(0, request))


def to_batch_body(requests: Sequence[Request]) -> bytes:
    return msgspec.json.encode([_envelope(place, request) for place, request in enumerate(requests)])


def _envelope(place: int, request: Request) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": place, "method": request.method, "params": request.params}


def parse_answer(body: Any, sha256: str) -> Answer:
    """The answer to one request; `sha256` names the body it came in. Raises EnvelopeError."""
    if not isinstance(body, dict):
        raise EnvelopeError("expected one JSON-RPC answer")
    if body.get("error") is not None:
        return _to_failure(body["error"], sha256)
    if "result" not in body:
        raise EnvelopeError("neither result nor error in a JSON-RPC answer")
    return body["result"]


def parse_batch(body: Any, count: int, sha256: str) -> list[Answer]:
    """Answers in the order of the requests; nodes may send them in any. Raises EnvelopeError when one is missing."""
    if not isinstance(body, list):
        raise EnvelopeError("expected a list of JSON-RPC answers")
    by_id = {entry["id"]: entry for entry in body if isinstance(entry, dict) and isinstance(entry.get("id"), int)}
    missing = [place for place in range(count) if place not in by_id]
    if missing:
        raise EnvelopeError(f"{len(missing)} of {count} answers are missing from a JSON-RPC batch")
    return [parse_answer(by_id[place], sha256) for place in range(count)]


def _to_failure(error: Any, sha256: str) -> RpcFailure:
    """Some nodes send a bare text instead of an object."""
    if not isinstance(error, dict):
        return RpcFailure(code=0, message=str(error)[:500], sha256=sha256)
    code = error.get("code")
    return RpcFailure(
        code=code if isinstance(code, int) else 0,
        message=str(error.get("message", ""))[:500],
        data=error.get("data"),
        sha256=sha256,
    )
