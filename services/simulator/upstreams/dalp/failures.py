"""DALP's errors in the newer generation, and the one that still comes in the older."""

from typing import Any

from holdfast.providers.dalp.wire import DalpFailure, failure_json
from services.simulator.exchange import Answer, Refusal, to_json

UNAUTHORISED = DalpFailure(
    id="DALP-0001", category="authentication", status=401, retryable=False,
    message="Unauthorized", why="The API key is missing or not live", fix="Send a live key as X-Api-Key",
)  # fmt: skip
FORBIDDEN = DalpFailure(
    id="DALP-0006", category="permission", status=403, retryable=False,
    message="Forbidden", why="The key does not belong to this organisation", fix="Send the organisation of the key",
)  # fmt: skip
NOT_FOUND = DalpFailure(
    id="DALP-0004", category="not-found", status=404, retryable=False,
    message="Not found", why="There is no such thing that this key may see", fix="Check the path and the headers",
)  # fmt: skip
UNAVAILABLE = DalpFailure(
    id="DALP-0500", category="internal", status=503, retryable=True,
    message="Temporarily unavailable", why="A service behind the API does not answer", fix="Try again later",
)  # fmt: skip

_TOO_MANY: dict[str, Any] = {
    "code": "RATE_LIMIT_EXCEEDED", "status": 429, "message": "Too many requests", "data": {"retryAfter": "1"},
}  # fmt: skip


class DalpError(Exception):
    """An answer that is a refusal."""

    def __init__(self, failure: DalpFailure) -> None:
        super().__init__(failure.id)
        self.failure = failure


def invalid(field: str, why: str) -> DalpError:
    return DalpError(
        DalpFailure(
            id="DALP-0010", category="validation", status=422, retryable=False,
            message="Input validation failed", why=f"{field}: {why}", fix=f"Correct {field}",
            details={"errors": [f"{field}: {why}"]},
        )
    )  # fmt: skip


def to_answer(failure: DalpFailure) -> Answer:
    return to_json(failure_json(failure), status=failure.status or 500)


def refuse(refusal: Refusal) -> Answer:
    """What the knobs demand. The rate limit speaks the older generation; DALP asks for no payment anywhere."""
    if refusal == "too_many_requests":
        return to_json(_TOO_MANY, status=429, headers=(("retry-after", "1"),))
    if refusal == "payment_required":
        return to_json({"code": "PAYMENT_REQUIRED", "status": 402, "message": "Payment required"}, status=402)
    return to_answer(UNAUTHORISED if refusal == "key_revoked" else UNAVAILABLE)
