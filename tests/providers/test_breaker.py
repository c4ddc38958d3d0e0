"""The circuit breaker: opens after failures in a row, lets one probe through, closes on any answer."""

import asyncio

import pytest

from holdfast.providers.kit.breaker import CircuitBreaker, CircuitOpenError
from holdfast.providers.kit.errors import CredentialsRejectedError, ProviderUnavailableError


class Time:
    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> CircuitBreaker:
    return CircuitBreaker("okx", failures=3, first_s=5, longest_s=15, monotonic=time)


def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(ProviderUnavailableError, match="down"), breaker.attempt():
            raise ProviderUnavailableError("down")


def test_it_opens_after_three_failures_in_a_row(breaker: CircuitBreaker) -> None:
    fail(breaker, 2)
    with breaker.attempt():
        pass
    fail(breaker, 3)
    with pytest.raises(CircuitOpenError) as raised, breaker.attempt():
        pytest.fail("entered an open circuit")
    assert raised.value.retry_after_s == 5


def test_after_the_wait_one_probe_is_let_through_and_no_other(breaker: CircuitBreaker, time: Time) -> None:
    fail(breaker, 3)
    time.s += 5
    with breaker.attempt(), pytest.raises(CircuitOpenError), breaker.attempt():
        pytest.fail("a second probe")
    assert not breaker.is_open


def test_a_probe_that_fails_doubles_the_wait_up_to_a_limit(breaker: CircuitBreaker, time: Time) -> None:
    fail(breaker, 3)
    for wait_s in (5, 10, 15, 15):
        time.s += wait_s - 0.1
        with pytest.raises(CircuitOpenError), breaker.attempt():
            pytest.fail("too early")
        time.s += 0.1
        fail(breaker)
    assert breaker.is_open


def test_a_refused_key_is_an_answer_and_closes_the_circuit(breaker: CircuitBreaker, time: Time) -> None:
    fail(breaker, 3)
    time.s += 5
    with pytest.raises(CredentialsRejectedError), breaker.attempt():
        raise CredentialsRejectedError("no")
    assert not breaker.is_open


def test_a_cancelled_probe_leaves_the_next_one_to_probe(breaker: CircuitBreaker, time: Time) -> None:
    fail(breaker, 3)
    time.s += 5
    with pytest.raises(asyncio.CancelledError), breaker.attempt():
        raise asyncio.CancelledError
    assert breaker.is_open
    with breaker.attempt():
        pass
    assert not breaker.is_open


def test_a_failure_that_began_before_it_opened_does_not_lengthen_the_wait(breaker: CircuitBreaker, time: Time) -> None:
    late = breaker.attempt()
    late.__enter__()
    fail(breaker, 3)
    assert not late.__exit__(ProviderUnavailableError, ProviderUnavailableError("late"), None)
    time.s += 5
    with breaker.attempt():
        pass
    assert not breaker.is_open
