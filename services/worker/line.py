"""One provider as this process serves it: its turns, its breaker, and why it stands still if it does."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from holdfast.observability import metrics
from holdfast.observability.logs import logger
from holdfast.providers.kit.contract import Manifest, Provider
from holdfast.providers.kit.session import Session
from services.worker.breaker import CircuitBreaker
from services.worker.settings import WorkerSettings
from services.worker.turns import Turns

log = logger(__name__)

_LONGEST_PAUSE_S = 300.0


class Line:
    """The running state of one provider. Told by the handlers how each job ended."""

    def __init__(self, manifest: Manifest, provider: Provider, session: Session, settings: WorkerSettings) -> None:
        self.manifest = manifest
        self.provider = provider
        self.session = session
        self._bugs_in_a_row_limit = settings.bugs_in_a_row
        self._breaker = CircuitBreaker(
            after=settings.breaker_after, first_s=settings.breaker_first_s, cap_s=settings.breaker_cap_s
        )
        self.turns = Turns(settings.concurrency, self._breaker)
        self._bugs_in_a_row = 0
        self.stopped = ""
        """Why this process takes no more jobs of the provider; empty while it does."""
        self.stop_pulling: Callable[[], Awaitable[None]] = _nothing
        self.on_stopped: Callable[[str, str], None] = _ignored
        self._stopping: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def resting(self) -> bool:
        """Has a reason not to take jobs now: the watchdog must not mistake it for a stall."""
        return bool(self.stopped) or self.turns.resting or self.turns.taken > 0 or self.turns.closed

    def on_done(self) -> None:
        self._bugs_in_a_row = 0
        self.on_answer()

    def on_answer(self) -> None:
        """The upstream answered, with whatever."""
        self._breaker.on_answer()
        metrics.circuit_open.labels(self.name).set(0)

    def on_unavailable(self) -> None:
        self._breaker.on_unavailable(time.monotonic())
        if self._breaker.open:
            metrics.circuit_open.labels(self.name).set(1)
            log.warning("circuit open", provider=self.name)

    def on_rate_limited(self, delay_s: float) -> None:
        self.on_answer()
        self.session.told(delay_s)
        self.turns.pause(min(delay_s, _LONGEST_PAUSE_S))

    def on_bug(self) -> bool:
        """Whether this one is the last of too many in a row."""
        self.on_answer()
        self._bugs_in_a_row += 1
        return self._bugs_in_a_row >= self._bugs_in_a_row_limit

    def stop(self, why: str) -> bool:
        """Take no more jobs; those in the stream stay there. Whether this is news."""
        if self.stopped:
            return False
        self.stopped = why
        log.error("provider stopped", provider=self.name, reason=why)
        self.on_stopped(self.name, why)
        self.turns.close()
        self._stopping = asyncio.create_task(_awaited(self.stop_pulling), name=f"stop-{self.name}")
        return True


async def _awaited(action: Callable[[], Awaitable[None]]) -> None:
    await action()


async def _nothing() -> None:
    """Before the subscribers are there."""


def _ignored(_provider: str, _why: str) -> None:
    """Before somebody listens."""
