"""Why a fetch failed, named by what the runtime does about it.

    ProviderError
    ├── CredentialsRejectedError   the owner must act: the account is paused
    ├── RateLimitedError           try again after `retry_after_s`
    ├── ProviderUnavailableError   try again later, ever more slowly
    ├── PaymentRequiredError       stop this provider; never pay
    ├── NoHistoryError             of a window: this target's past cannot be had; the job is given up
    └── UnexpectedResponseError    a person must look: dead letter

A provider raises one of these, `from` what it caught, and nothing else on purpose. Anything else
that escapes is our bug.
"""


class ProviderError(Exception):
    """Root of all. Its text is redacted: no credential, no body."""


class CredentialsRejectedError(ProviderError):
    """The upstream refuses the key, its signature or its permission."""


class RateLimitedError(ProviderError):
    """The upstream asks for patience."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ProviderUnavailableError(ProviderError):
    """No answer, or a 5xx, or "still syncing": the same request may succeed later."""


class PaymentRequiredError(ProviderError):
    """The upstream wants money (HTTP 402)."""


class NoHistoryError(ProviderError):
    """The target's past cannot be had, as from a node without an archive. Not for a past that is empty."""


class UnexpectedResponseError(ProviderError):
    """An answer that this provider does not understand. `sha256` names the recorded body."""

    def __init__(self, message: str, *, status: int | None = None, sha256: str = "", excerpt: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.sha256 = sha256
        self.excerpt = excerpt
