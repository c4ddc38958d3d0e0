"""What an upstream is: a function from a request to an answer. Sockets, faults and logs are the server's."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct

Refusal = Literal["too_many_requests", "unavailable", "key_revoked", "syncing", "payment_required"]
"""What any upstream can be told to say, each in its own words."""


class Request(Struct, frozen=True, kw_only=True):
    method: str
    path: str
    """Decoded, without the query."""
    target: str
    """Path and query exactly as they were sent: what a signature covers."""
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    """Names in lower case."""
    body: bytes = b""


class Answer(Struct, frozen=True, kw_only=True):
    status: int = 200
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)


class Upstream(Protocol):
    """One upstream system over the world."""

    name: str
    prefixes: tuple[str, ...]
    """The paths that are its own."""

    def answer(self, request: Request, now: datetime) -> Answer:
        """`now` is the world's. Never raises: what a client can do wrong is answered as the real system does."""
        ...

    def refuse(self, refusal: Refusal, request: Request) -> Answer:
        """The answer that the knobs demand."""
        ...

    def caller(self, request: Request) -> str:
        """Who asks, for the log: a key, or empty."""
        ...


def to_json(value: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(
        status=status, body=msgspec.json.encode(value), headers=(("content-type", "application/json"), *headers)
    )
