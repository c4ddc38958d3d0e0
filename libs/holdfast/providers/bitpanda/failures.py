"""What GraphQL errors mean for the runtime, as data.

The upstream documents no codes: these are the ones of the servers that it could be built with (Apollo, AppSync),
and its one documented message. An error that nobody knows is for a person to look at.
"""

import re
from collections.abc import Iterable

from holdfast.observability.logs import redacted
from holdfast.providers.bitpanda.wire import GraphqlError, ShapeError, to_answer
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.errors import (
    CredentialsRejectedError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    UnexpectedResponseError,
)
from holdfast.providers.kit.statuses import build_error, error_of_status

CODES: dict[str, type[ProviderError]] = {
    "unauthenticated": CredentialsRejectedError,
    "unauthorized": CredentialsRejectedError,
    "unauthorizedexception": CredentialsRejectedError,
    "forbidden": CredentialsRejectedError,
    "ratelimited": RateLimitedError,
    "throttled": RateLimitedError,
    "throttlingexception": RateLimitedError,
    "toomanyrequests": RateLimitedError,
    "internalservererror": ProviderUnavailableError,
    "serviceunavailable": ProviderUnavailableError,
    "executiontimeout": ProviderUnavailableError,
    "timeout": ProviderUnavailableError,
}
"""By code, in lower-case letters alone."""

MESSAGES: tuple[tuple[str, type[ProviderError]], ...] = (
    (r"api key must be provided|not authori[sz]ed|unauthori[sz]ed|invalid api key", CredentialsRejectedError),
    (r"too many requests|rate.?limit|throttl", RateLimitedError),
    (r"internal server error|timed? ?out|temporarily unavailable", ProviderUnavailableError),
)
"""By what the message says, where there is no code."""


def error_of(answer: Answer) -> ProviderError | None:
    """For an answer that has errors and no portfolio, with any HTTP status; None leaves it to the status."""
    try:
        said = to_answer(answer.json())
    except (UnexpectedResponseError, ShapeError):
        return None
    if said.portfolio is not None:
        return None
    error = error_of_errors(said.errors, answer)
    unknown = type(error) is UnexpectedResponseError
    return None if unknown and error_of_status(answer, now=answer.received_at) else error


def error_of_errors(errors: Iterable[GraphqlError], answer: Answer) -> ProviderError:
    """What one of them means, else that nobody knows them."""
    errors = tuple(errors)
    kind = next((kind for one in errors if (kind := _kind(one))), UnexpectedResponseError)
    first = redacted(errors[0].message[:160]) if errors else "no message"
    return build_error(kind, f"GraphQL: {first}", answer)


def _kind(error: GraphqlError) -> type[ProviderError] | None:
    code = re.sub("[^a-z]", "", error.code.lower())
    if code in CODES:
        return CODES[code]
    return next((kind for pattern, kind in MESSAGES if re.search(pattern, error.message, re.IGNORECASE)), None)
