"""A fake upstream for tests of providers: the transport below a real Session, nothing patched.

    session = build_session(MANIFEST, settings, clock, transport=FakeUpstream(answer))

`answer` gets each request and returns a reply; a `ReplayUpstream` answers from a fixture's exchanges.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from holdfast.providers.kit.contract import Fetched
from holdfast.providers.kit.discovery import ProviderModule
from holdfast.providers.kit.recording import Case, Replay
from holdfast.providers.kit.session import Request, build_session
from holdfast.providers.kit.transport import Transport, http
from holdfast.settings import Configuration


class Reply(Struct, frozen=True, kw_only=True):
    status: int = 200
    headers: dict[str, str] = {}
    body: bytes = b""
    """As it goes over the wire; compressed when the headers say so."""


class FakeClock:
    """Stands still until told otherwise."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


class FakeUpstream(Transport):
    """Answers each request with a function, and remembers what it was asked."""

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self._answer = answer
        self.requests: list[Request] = []

    async def handle_async_request(self, request: Any) -> Any:
        asked = Request(
            method=request.method, url=str(request.url), body=await request.aread(), headers=dict(request.headers)
        )
        self.requests.append(asked)
        reply = self._answer(asked)
        return http.Response(reply.status, headers=reply.headers, stream=_Chunks(reply.body), request=request)


class UnexpectedRequestError(AssertionError):
    """A request that the fixture does not have."""


class ReplayUpstream(FakeUpstream):
    """Answers each recorded request once, in any order."""

    def __init__(self, exchanges: Sequence[Replay]) -> None:
        super().__init__(self._replay)
        self.unasked = list(exchanges)

    def _replay(self, asked: Request) -> Reply:
        for replay in self.unasked:
            if _matches(replay, asked):
                self.unasked.remove(replay)
                response = replay.response
                return Reply(status=response.status, headers=response.headers, body=response.body)
        raise UnexpectedRequestError(f"not in the fixture: {asked.method} {asked.url} {asked.body[:500]!r}")


async def run_case(module: ProviderModule, case: Case, transport: FakeUpstream) -> Fetched:
    """What a provider makes of a case's target when `transport` answers. Raises ProviderError."""
    clock = FakeClock(case.now)
    settings = Configuration({"case": case.settings}).section("case", module.manifest.settings)
    session = build_session(module.manifest, settings, clock, transport=transport)
    try:
        return await module.build(settings, session, clock).fetch(case.target)
    finally:
        await session.close()


class _Chunks(http.AsyncByteStream):
    """A body in two chunks, as a network would bring it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        half = len(self._body) // 2
        yield self._body[:half]
        yield self._body[half:]


def _matches(replay: Replay, asked: Request) -> bool:
    url = http.URL(asked.url)
    if (replay.request.method, replay.request.path) != (asked.method, url.raw_path.decode()):
        return False
    expected = replay.request.json
    return expected is UNSET or _same_json(bytes(expected), asked.body)


def _same_json(expected: bytes, actual: bytes) -> bool:
    try:
        return bool(msgspec.json.decode(expected) == msgspec.json.decode(actual))
    except msgspec.DecodeError:
        return False
