"""The table of holdfast.messaging.failure_policy, row by row."""

from datetime import timedelta

import pytest

from holdfast.events.codec import UndecodableError
from holdfast.messaging.failure_policy import Decision, decide
from holdfast.providers.kit.errors import (
    CredentialsRejectedError,
    PaymentRequiredError,
    ProviderUnavailableError,
    RateLimitedError,
    UnexpectedResponseError,
)
from tests.messaging.samples import AT


def decided(error: BaseException, *, attempt: int = 1, spread: float = 1.0) -> Decision:
    return decide(error, attempt=attempt, now=AT, spread=spread)


@pytest.mark.parametrize(
    ("error", "outcome", "again"),
    [
        (CredentialsRejectedError("x"), "paused", False),
        (RateLimitedError("x", retry_after_s=3), "retry", True),
        (ProviderUnavailableError("x"), "retry", True),
        (PaymentRequiredError("x"), "stopped", True),
        (UnexpectedResponseError("x"), "dead_lettered", False),
        (UndecodableError("x"), "dead_lettered", False),
        (KeyError("x"), "dead_lettered", False),
    ],
)
def test_each_error_has_its_outcome(error: Exception, outcome: str, again: bool) -> None:
    decision = decided(error)
    assert (decision.outcome, decision.again) == (outcome, again)


def test_a_revoked_key_is_never_retried_however_often_it_comes() -> None:
    assert all(not decided(CredentialsRejectedError("x"), attempt=n).again for n in range(1, 50))


def test_a_rate_limited_job_never_comes_back_earlier_than_asked() -> None:
    delays = [decided(RateLimitedError("x", retry_after_s=40), spread=n / 10).delay_s for n in range(11)]
    assert min(delays) == 40
    assert max(delays) == 44


def test_an_unavailable_provider_is_asked_ever_more_slowly_up_to_a_quarter_of_an_hour() -> None:
    delays = [decided(ProviderUnavailableError("x"), attempt=n).delay_s for n in (1, 2, 3, 4, 8, 9, 1000)]
    assert delays == [5, 10, 20, 40, 640, 900, 900]


def test_jitter_takes_at_most_half_of_the_delay() -> None:
    error = ProviderUnavailableError("x")
    assert decided(error, attempt=3, spread=0).delay_s == 10
    assert decided(error, attempt=3, spread=1).delay_s == 20


def test_an_hour_of_outage_costs_few_attempts() -> None:
    """Fault 11: redelivery alone, without a limit on deliveries, must not hammer the upstream."""
    passed_s, attempts = 0.0, 0
    while passed_s < 3600:
        attempts += 1
        passed_s += decided(ProviderUnavailableError("x"), attempt=attempts, spread=0.5).delay_s
    assert attempts == 12  # eight of 3.75 s and doubling make 956.25 s; then 675 s each, of which the fourth passes


def test_the_time_of_the_retry_is_stated() -> None:
    assert decided(RateLimitedError("x", retry_after_s=10), spread=0).retry_at == AT + timedelta(seconds=10)


def test_only_our_own_faults_count_towards_the_flood() -> None:
    assert decided(ZeroDivisionError("x")).our_bug
    assert decided(UndecodableError("x")).our_bug
    assert not decided(UnexpectedResponseError("x")).our_bug
    assert not decided(ProviderUnavailableError("x")).our_bug


def test_only_an_unavailable_provider_counts_for_the_circuit_breaker() -> None:
    assert decided(ProviderUnavailableError("x")).unavailable
    assert not decided(RateLimitedError("x")).unavailable
