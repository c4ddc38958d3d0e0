"""What OKX's error codes mean for the runtime, as data. A code that is not here leaves it to the HTTP status.

Source: OKX OnchainOS documentation, "DeFi error codes", "Market error codes" and "Error codes".
"""

from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.errors import (
    CredentialsRejectedError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    UnexpectedResponseError,
)
from holdfast.providers.kit.statuses import build_error, error_of_status
from holdfast.providers.okx.wire import ShapeError, to_envelope

PAYMENT_REQUIRED = 402


class UnsupportedError(UnexpectedResponseError):
    """OKX knows the platform and cannot look into it."""


CODES: dict[str, tuple[type[ProviderError], str]] = {
    "50001": (ProviderUnavailableError, "service temporarily unavailable"),
    "50004": (ProviderUnavailableError, "endpoint timed out"),
    "50011": (RateLimitedError, "rate limit reached"),
    "50013": (ProviderUnavailableError, "system busy"),
    "50014": (UnexpectedResponseError, "a required parameter is empty"),
    "50026": (ProviderUnavailableError, "system error"),
    "50103": (CredentialsRejectedError, "OK-ACCESS-KEY is missing"),
    "50104": (CredentialsRejectedError, "OK-ACCESS-PASSPHRASE is missing"),
    "50105": (CredentialsRejectedError, "the passphrase is wrong"),
    "50106": (CredentialsRejectedError, "OK-ACCESS-SIGN is missing"),
    "50107": (CredentialsRejectedError, "OK-ACCESS-TIMESTAMP is missing"),
    "50111": (CredentialsRejectedError, "the key is invalid"),
    "50112": (CredentialsRejectedError, "the timestamp is invalid: is this machine's clock right?"),
    "50113": (CredentialsRejectedError, "the signature is invalid: is the secret key right?"),
    "50114": (CredentialsRejectedError, "not logged in"),
    "50125": (CredentialsRejectedError, "not offered in this region"),
    "51000": (UnexpectedResponseError, "parameter error"),
    "80001": (CredentialsRejectedError, "not offered in this region"),
    "84000": (UnexpectedResponseError, "parameter error"),
    "84001": (UnsupportedError, "the platform is not supported"),
    "84003": (UnsupportedError, "the platform is not supported"),
    "84007": (UnsupportedError, "the product is not supported"),
    "84010": (UnsupportedError, "a token is not supported"),
    # The registry checks addresses, so one of us is wrong about the chain: repeating it would not help.
    "84019": (UnexpectedResponseError, "the address does not belong to the chain"),
    "84021": (ProviderUnavailableError, "assets are still syncing"),
    "84023": (ProviderUnavailableError, "a call behind OKX failed"),
}


def error_of(answer: Answer) -> ProviderError | None:
    """By OKX's own code, with any HTTP status but 402; None where there is none or it says 0."""
    if answer.status == PAYMENT_REQUIRED:
        return None  # whatever the body says, empty or a price list: the status stops the provider
    try:
        envelope = to_envelope(answer.json())
    except (UnexpectedResponseError, ShapeError):
        return None
    if envelope.code in CODES:
        kind, meaning = CODES[envelope.code]
        return _build(kind, f"OKX {envelope.code}: {meaning}", answer)
    if envelope.is_ok or error_of_status(answer, now=answer.received_at):
        return None
    return answer.unexpected(f"OKX {envelope.code[:12]}: a code without a meaning here")


def _build(kind: type[ProviderError], message: str, answer: Answer) -> ProviderError:
    if kind is UnsupportedError:
        return UnsupportedError(message, status=answer.status, sha256=answer.sha256)
    return build_error(kind, message, answer)
