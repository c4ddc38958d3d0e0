"""A provider given again what it was once answered: the same questions meet the same bodies, and nothing is sent.

    session = ReplaySession(provider="acme", clock=clock)
    provider = module.build(settings, session, clock)
    session.load(started_at, answers)            # of one fetch, as they were kept
    fetched = await provider.fetch(target)       # what today's parser makes of them

Its clock shows the time that it was then, so that what a parser takes from the clock is the same again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct

from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.contract import Budget
from holdfast.providers.kit.errors import ProviderError
from holdfast.providers.kit.exchange import RecordedResponse, current_exchange
from holdfast.providers.kit.fingerprints import fingerprint
from holdfast.providers.kit.session import Limits, Refiner, Request, Session, Signer, redacted_url
from holdfast.providers.kit.statuses import error_of_status

_NO_LIMITS = Limits(body_bytes=1 << 40)
_NOTHING: Mapping[str, "KeptAnswer"] = MappingProxyType({})


class NotRecordedError(ProviderError):
    """The provider asks what it did not ask then, or what was answered is kept no longer."""


class KeptAnswer(Struct, frozen=True, kw_only=True):
    """One answer of a fetch, as it was kept."""

    request_sha256: str
    method: str
    url: str
    status: int
    content_type: str
    sent_at: datetime
    received_at: datetime
    sha256: str
    body: bytes


class ReplayClock:
    """Goes from answer to answer, never back within a fetch."""

    def __init__(self) -> None:
        self._now: datetime | None = None

    def now(self) -> datetime:
        if self._now is None:
            raise RuntimeError("nothing is being replayed yet")
        return self._now

    def set(self, at: datetime) -> None:
        self._now = at

    def advance(self, at: datetime) -> None:
        self._now = max(self.now(), at)


class ReplaySession(Session):
    """Answers from what was kept. Waits for no budget; the replay may go as fast as it can."""

    def __init__(self, *, provider: str, clock: ReplayClock) -> None:
        super().__init__(provider=provider, budget=Budget(requests=1, per_s=1), clock=clock, limits=_NO_LIMITS)
        self._time = clock
        self._kept: dict[str, list[KeptAnswer]] = {}
        self._remembered = _NOTHING

    def load(
        self, started_at: datetime, answers: Iterable[KeptAnswer], *, remembered: Mapping[str, KeptAnswer] = _NOTHING
    ) -> None:
        """What one fetch was answered, in order.

        `remembered`, by what was asked: what others of its process had been told. It is given only where the fetch
        itself did not ask: then the provider knew it.
        """
        self._time.set(started_at)
        kept: dict[str, list[KeptAnswer]] = defaultdict(list)
        for answer in answers:
            kept[answer.request_sha256].append(answer)
        self._kept = kept
        self._remembered = remembered

    async def fetch(self, request: Request, *, sign: Signer | None = None, refine: Refiner | None = None) -> Answer:
        """The answer that this very request got then. Raises ProviderError, as it did then, or NotRecordedError."""
        del sign  # the answer does not depend on it
        kept = self._next(request)
        self._time.advance(kept.sent_at)
        answer = Answer(
            status=kept.status,
            headers={"content-type": kept.content_type},
            body=kept.body,
            sha256=kept.sha256,
            sent_at=kept.sent_at,
            received_at=kept.received_at,
        )
        self._time.advance(kept.received_at)
        _note(kept)
        error = (refine(answer) if refine else None) or error_of_status(answer, now=answer.received_at)
        if error is not None:
            raise error
        return answer

    def _next(self, request: Request) -> KeptAnswer:
        """Of a question that was asked several times the answers come in their order, the last one again and again."""
        asked = fingerprint(request.method, request.url, request.body)
        answers = self._kept.get(asked)
        if not answers and asked in self._remembered:
            return self._remembered[asked]
        if not answers:
            raise NotRecordedError(f"not recorded: {request.method} {redacted_url(request.url)}")
        return answers.pop(0) if len(answers) > 1 else answers[0]


def _note(kept: KeptAnswer) -> None:
    """As the session itself does, for providers that look at their exchange."""
    exchange = current_exchange()
    exchange.requests += 1
    exchange.responses.append(
        RecordedResponse(
            sha256=kept.sha256,
            sent_at=kept.sent_at,
            received_at=kept.received_at,
            method=kept.method,
            url=kept.url,
            status=kept.status,
            content_type=kept.content_type,
            request_sha256=kept.request_sha256,
            body=kept.body,
        )
    )
