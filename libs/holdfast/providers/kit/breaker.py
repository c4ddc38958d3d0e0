"""A circuit breaker: when an upstream is down, one probe finds out, not every job.

    with breaker.attempt():
        fetched = await provider.fetch(target)

Closed it lets everything through. After `failures` unavailable answers in a row it is open for
`first_s`; then one attempt may probe while the others are still refused. A probe that fails doubles the
time, up to `longest_s`; any answer, even a refusal of the key, closes it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from holdfast.observability import metrics
from holdfast.providers.kit.errors import ProviderError, ProviderUnavailableError


class CircuitOpenError(ProviderUnavailableError):
    """Nothing was sent: the upstream was down a moment ago. Says when the next probe is due."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class CircuitBreaker:
    """One per provider and process."""

    def __init__(
        self,
        provider: str,
        *,
        failures: int = 3,
        first_s: float = 5,
        longest_s: float = 300,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._allowed = failures
        self._first_s = first_s
        self._longest_s = longest_s
        self._monotonic = monotonic
        self._failed = 0
        self._open_until = 0.0
        self._open_s = 0.0
        self._probing = False

    @property
    def is_open(self) -> bool:
        return self._open_s > 0

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Raises CircuitOpenError instead of entering while the circuit is open."""
        probing = self._enter()
        try:
            yield
        except ProviderUnavailableError:
            self._on_failure(probing=probing)
            raise
        except ProviderError:
            self._close()
            raise
        else:
            self._close()
        finally:
            # Also when cancelled, which says nothing about the upstream: the next one probes.
            self._probing = self._probing and not probing

    def _enter(self) -> bool:
        """Whether this attempt is the probe."""
        if not self.is_open:
            return False
        left_s = self._open_until - self._monotonic()
        if left_s > 0 or self._probing:
            raise CircuitOpenError(f"{self._provider} is down; not asked again yet", retry_after_s=max(left_s, 1.0))
        self._probing = True
        return True

    def _on_failure(self, *, probing: bool) -> None:
        self._failed += 1
        if probing:
            self._open(min(self._open_s * 2, self._longest_s))
        elif not self.is_open and self._failed >= self._allowed:
            self._open(self._first_s)

    def _open(self, seconds: float) -> None:
        self._open_s = seconds
        self._open_until = self._monotonic() + seconds
        metrics.circuit_open.labels(self._provider).set(1)

    def _close(self) -> None:
        self._failed = 0
        self._open_s = 0.0
        metrics.circuit_open.labels(self._provider).set(0)
