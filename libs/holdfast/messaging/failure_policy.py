"""What the runtime does about a failed fetch: one table, pure.

| what happened              | what is done                                                        |
|----------------------------|---------------------------------------------------------------------|
| CredentialsRejectedError   | the account's source is paused; only its owner can help             |
| RateLimitedError           | again after the delay that was asked for                            |
| ProviderUnavailableError   | again, ever more slowly; counts for the circuit breaker             |
| PaymentRequiredError       | the provider is stopped; nothing is ever paid                       |
| NoHistoryError             | the job is given up: there is nothing to look at and nothing to try |
| UnexpectedResponseError    | dead letter: a person must look                                     |
| anything else              | our bug: dead letter; several in a row stop the consumer            |

Redelivery with these delays is the only retry there is. `max_deliver` never ends a job.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from holdfast.events.codec import UndecodableError
from holdfast.providers.kit.errors import (
    CredentialsRejectedError,
    NoHistoryError,
    PaymentRequiredError,
    ProviderUnavailableError,
    RateLimitedError,
    UnexpectedResponseError,
)

Outcome = Literal["retry", "paused", "stopped", "no_history", "dead_lettered"]
Alert = Literal["provider_stopped", "account_paused"]

UNAVAILABLE_FIRST_S, UNAVAILABLE_CAP_S = 5.0, 900.0
RATE_LIMITED_FIRST_S, RATE_LIMITED_CAP_S = 2.0, 300.0
STOPPED_S = 300.0
"""A job of a stopped provider comes back this late, so that the next replica does not ask at once."""


class Decision(Struct, frozen=True, kw_only=True):
    outcome: Outcome
    reason: str
    """The error's class without `Error`, as `RateLimited`: a bounded label."""
    delay_s: float = 0.0
    """Before the job is delivered again, where it is."""
    retry_at: datetime | None = None
    alert: Alert | None = None
    our_bug: bool = False
    """Counts towards the flood that stops the consumer."""
    unavailable: bool = False
    """Counts towards the circuit breaker."""

    @property
    def again(self) -> bool:
        """The message goes back to the stream; otherwise it is acknowledged, its end recorded elsewhere."""
        return self.outcome in ("retry", "stopped")


def decide(error: BaseException, *, attempt: int, now: datetime, spread: float = 1.0) -> Decision:
    """The row of the table for `error`.

    `attempt` counts deliveries from 1. `spread` in [0, 1] is the caller's random number: it keeps
    jobs that failed together from coming back together.
    """
    row = next((row for kind, row in _TABLE if isinstance(error, kind)), _our_bug)
    return row(error, max(1, attempt), now, spread)


def _credentials_rejected(error: BaseException, _attempt: int, _now: datetime, _spread: float) -> Decision:
    return Decision(outcome="paused", reason=reason_of(error), alert="account_paused")


def _rate_limited(error: BaseException, attempt: int, now: datetime, spread: float) -> Decision:
    asked_s = error.retry_after_s if isinstance(error, RateLimitedError) else None
    if asked_s is None:
        asked_s = min(RATE_LIMITED_FIRST_S * 2 ** min(attempt - 1, 20), RATE_LIMITED_CAP_S)
    # Never earlier than asked for; a tenth later at most.
    return _retry(error, max(0.0, asked_s) * (1 + spread / 10), now)


def _unavailable(error: BaseException, attempt: int, now: datetime, spread: float) -> Decision:
    longest_s = min(UNAVAILABLE_FIRST_S * 2 ** min(attempt - 1, 20), UNAVAILABLE_CAP_S)
    return _retry(error, longest_s * (0.5 + spread / 2), now, unavailable=True)


def _payment_required(error: BaseException, _attempt: int, now: datetime, _spread: float) -> Decision:
    return Decision(
        outcome="stopped",
        reason=reason_of(error),
        delay_s=STOPPED_S,
        retry_at=now + timedelta(seconds=STOPPED_S),
        alert="provider_stopped",
    )


def _no_history(error: BaseException, _attempt: int, _now: datetime, _spread: float) -> Decision:
    return Decision(outcome="no_history", reason=reason_of(error))


def _unexpected(error: BaseException, _attempt: int, _now: datetime, _spread: float) -> Decision:
    return Decision(outcome="dead_lettered", reason=reason_of(error))


def _our_bug(error: BaseException, _attempt: int, _now: datetime, _spread: float) -> Decision:
    return Decision(outcome="dead_lettered", reason=reason_of(error), our_bug=True)


def _retry(error: BaseException, delay_s: float, now: datetime, *, unavailable: bool = False) -> Decision:
    return Decision(
        outcome="retry",
        reason=reason_of(error),
        delay_s=delay_s,
        retry_at=now + timedelta(seconds=delay_s),
        unavailable=unavailable,
    )


def reason_of(error: BaseException) -> str:
    """`RateLimited` for a RateLimitedError."""
    return type(error).__name__.removesuffix("Error") or "Error"


_Row = Callable[[BaseException, int, datetime, float], Decision]
_TABLE: tuple[tuple[type[BaseException], _Row], ...] = (
    (CredentialsRejectedError, _credentials_rejected),
    (RateLimitedError, _rate_limited),
    (ProviderUnavailableError, _unavailable),
    (PaymentRequiredError, _payment_required),
    (NoHistoryError, _no_history),
    (UnexpectedResponseError, _unexpected),
    (UndecodableError, _our_bug),
)
