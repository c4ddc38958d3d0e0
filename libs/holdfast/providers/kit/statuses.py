"""HTTP status to error, as a table. What a provider's own codes say comes first (its `refine`)."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.errors import (
    CredentialsRejectedError,
    PaymentRequiredError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    UnexpectedResponseError,
)

LONGEST_PAUSE_S = 3600.0
"""A Retry-After above it is a mistake or malice; an hour from now we look again."""

STATUS_ERRORS: dict[int, type[ProviderError]] = {
    401: CredentialsRejectedError,
    402: PaymentRequiredError,
    403: CredentialsRejectedError,
    408: ProviderUnavailableError,
    425: ProviderUnavailableError,
    429: RateLimitedError,
}


def error_of_status(answer: Answer, *, now: datetime) -> ProviderError | None:
    """None for 2xx. 5xx is unavailable; a status that no table names, redirects among them, is unexpected."""
    if 200 <= answer.status < 300:
        return None
    otherwise = ProviderUnavailableError if answer.status >= 500 else UnexpectedResponseError
    kind = STATUS_ERRORS.get(answer.status, otherwise)
    return build_error(kind, f"HTTP {answer.status}", answer, now=now)


def build_error(
    kind: type[ProviderError], message: str, answer: Answer, *, now: datetime | None = None
) -> ProviderError:
    """An error of `kind` with what the answer has to say for it: Retry-After, or status, hash and excerpt."""
    if kind is RateLimitedError:
        return RateLimitedError(message, retry_after_s=retry_after_s(answer, now or answer.received_at))
    if kind is UnexpectedResponseError:
        return answer.unexpected(message)
    return kind(message)


def retry_after_s(answer: Answer, now: datetime) -> float | None:
    """Retry-After in seconds or as an HTTP date; None when absent or unreadable."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), LONGEST_PAUSE_S)
    try:
        wait_s = (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait_s, 0.0), LONGEST_PAUSE_S)
