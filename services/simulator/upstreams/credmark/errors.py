"""Credmark's errors, as NestJS writes them."""

from http import HTTPStatus

from holdfast.providers.credmark.wire import CredmarkFailure, failure_json
from services.simulator.exchange import Answer, Refusal, to_json

_STATUSES: dict[Refusal, int] = {
    "too_many_requests": 429,
    "unavailable": 503,
    "key_revoked": 401,
    "syncing": 503,
    "payment_required": 402,
}
_MESSAGES = {401: "Unauthorized", 429: "ThrottlerException: Too Many Requests"}


class CredmarkError(Exception):
    """An answer that is a refusal."""

    def __init__(self, status: int, message: str | tuple[str, ...]) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def refusal_answer(refusal: Refusal) -> Answer:
    """What the knobs demand."""
    status = _STATUSES[refusal]
    return error_answer(status, _MESSAGES.get(status, HTTPStatus(status).phrase))


def error_answer(status: int, message: str | tuple[str, ...]) -> Answer:
    failure = CredmarkFailure(status=status, message=message, error=HTTPStatus(status).phrase)
    headers = (("retry-after", "1"),) if status == 429 else ()
    return to_json(failure_json(failure), status=status, headers=headers)
