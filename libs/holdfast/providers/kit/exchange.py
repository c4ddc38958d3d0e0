"""What one fetch said and heard: every response body, kept for `ResponseRecorded` and the dead letters.

    with open_exchange() as exchange:
        fetched = await provider.fetch(target)
    exchange.responses, exchange.requests, exchange.response_bytes

The exchange is found through a context variable, so concurrent fetches never see each other's
responses, and tasks that a fetch starts write into its own. It stays readable after an error:
a dead letter needs the body that could not be understood.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from msgspec import Struct


class RecordedResponse(Struct, frozen=True, kw_only=True):
    """One response body as it was read, decompressed. Of the request no headers and no body: they carry secrets."""

    sha256: str
    """64 hex digits, of `body`."""
    sent_at: datetime
    received_at: datetime
    method: str
    url: str
    """Redacted."""
    status: int
    content_type: str
    request_sha256: str
    """What was asked: kit.fingerprints. The same question has the same one."""
    body: bytes


class Exchange:
    """Filled by every Session that a fetch uses."""

    def __init__(self) -> None:
        self.requests = 0
        self.responses: list[RecordedResponse] = []
        self.unrecorded = ""
        """What was read besides, and is not kept, as a file: what it said then can not be read again."""

    @property
    def response_bytes(self) -> int:
        return sum(len(response.body) for response in self.responses)

    @property
    def sha256s(self) -> tuple[str, ...]:
        """For `Snapshot.raw`: each body once, in the order of arrival."""
        return tuple(dict.fromkeys(response.sha256 for response in self.responses))

    @property
    def heard_at(self) -> datetime | None:
        """When the last answer came: the same when the fetch is replayed. None before any has."""
        return max((response.received_at for response in self.responses), default=None)


_CURRENT: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


@contextmanager
def open_exchange() -> Iterator[Exchange]:
    """The scope of one fetch."""
    exchange = Exchange()
    token = _CURRENT.set(exchange)
    try:
        yield exchange
    finally:
        _CURRENT.reset(token)


def current_exchange() -> Exchange:
    """The exchange of the running fetch; outside of any, one that nobody reads."""
    return _CURRENT.get() or Exchange()
