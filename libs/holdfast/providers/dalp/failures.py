"""What DALP's errors mean for the runtime: by code, then by status, then by `retryable`.

Source: DALP documentation, "Error handling" (both editions); the codes 429 and 522 are the open predecessor's.
"""

from datetime import datetime

from holdfast.providers.dalp.wire import DalpFailure, TimestampError, parse_timestamp, to_failure
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.errors import (
    CredentialsRejectedError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    UnexpectedResponseError,
)
from holdfast.providers.kit.labels import to_label
from holdfast.providers.kit.statuses import LONGEST_PAUSE_S, STATUS_ERRORS, retry_after_s

CODES: dict[str, type[ProviderError]] = {
    "UNAUTHORIZED": CredentialsRejectedError,
    "FORBIDDEN": CredentialsRejectedError,
    "NOT_ONBOARDED": CredentialsRejectedError,
    "SYSTEM_NOT_CREATED": CredentialsRejectedError,
    "USER_NOT_AUTHORIZED": CredentialsRejectedError,
    "RATE_LIMIT_EXCEEDED": RateLimitedError,
    "INTERNAL_SERVER_ERROR": ProviderUnavailableError,
    "CONFIRMATION_TIMEOUT": ProviderUnavailableError,
    "OUTPUT_VALIDATION_FAILED": ProviderUnavailableError,
    "BAD_REQUEST": UnexpectedResponseError,
    "NOT_FOUND": UnexpectedResponseError,
    "CONFLICT": UnexpectedResponseError,
    "INPUT_VALIDATION_FAILED": UnexpectedResponseError,
}


def error_of(answer: Answer) -> ProviderError | None:
    """By DALP's own error, with any HTTP status; None where there is none."""
    try:
        failure = to_failure(answer.json())
    except UnexpectedResponseError:
        return None
    return _error(failure, answer) if failure is not None else None


def _error(failure: DalpFailure, answer: Answer) -> ProviderError:
    kind = _kind(failure, failure.status or answer.status)
    message = f"DALP {to_label(failure.id, longest=60)}: {_MEANINGS[kind]}"
    if kind is RateLimitedError:
        return RateLimitedError(message, retry_after_s=_wait_s(failure, answer))
    return answer.unexpected(message) if kind is UnexpectedResponseError else kind(message)


def _kind(failure: DalpFailure, status: int) -> type[ProviderError]:
    if failure.id in CODES:
        return CODES[failure.id]
    if status in STATUS_ERRORS:
        return STATUS_ERRORS[status] if STATUS_ERRORS[status] in _MEANINGS else UnexpectedResponseError
    if failure.retryable is not None:
        return ProviderUnavailableError if failure.retryable else UnexpectedResponseError
    return ProviderUnavailableError if status >= 500 else UnexpectedResponseError


_MEANINGS: dict[type[ProviderError], str] = {
    CredentialsRejectedError: "the key is refused, or may not read this",
    RateLimitedError: "too many requests",
    ProviderUnavailableError: "it failed and may work later",
    UnexpectedResponseError: "the request is refused",
}


def _wait_s(failure: DalpFailure, answer: Answer) -> float | None:
    """`retryAfter` in seconds or as an instant; else the header."""
    text = failure.retry_after.strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return min(float(text), LONGEST_PAUSE_S)
    return _until(text, answer.received_at) if text else retry_after_s(answer, answer.received_at)


def _until(text: str, now: datetime) -> float | None:
    try:
        return min(max((parse_timestamp(text) - now).total_seconds(), 0.0), LONGEST_PAUSE_S)
    except TimestampError:
        return None
