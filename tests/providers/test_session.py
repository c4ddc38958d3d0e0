"""The one way out: deadlines, caps, the error tree, what is recorded, and that no secret gets anywhere."""

import asyncio
import contextlib
import gzip
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest
from msgspec import Struct

from holdfast.providers.kit.contract import Budget, FeedManifest, Manifest
from holdfast.providers.kit.errors import (
    CredentialsRejectedError,
    PaymentRequiredError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    UnexpectedResponseError,
)
from holdfast.providers.kit.exchange import current_exchange, open_exchange
from holdfast.providers.kit.session import Limits, Request, Session, build_session, redacted_url
from holdfast.providers.kit.testing import FakeClock, FakeUpstream, Reply
from holdfast.settings import Secret

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GET = Request(method="GET", url="http://upstream.example/v1/things?b=2&a=1")
Respond = Callable[[asyncio.StreamWriter], Awaitable[None]]


class AcmeSettings(Struct, frozen=True, kw_only=True):
    key: Secret = Secret("very-secret-key")
    more: tuple[Secret, ...] = (Secret("another-secret"),)


MANIFEST = Manifest(
    name="acme",
    title="Acme",
    documentation="",
    budget=Budget(requests=1000, per_s=0.001),
    feeds=(FeedManifest(name="balances", every_s=60),),
    settings=AcmeSettings,
)


def session_of(answer: Callable[[Request], Reply] | Reply, **limits: float) -> Session:
    upstream = FakeUpstream(answer if callable(answer) else lambda _: answer)
    return build_session(MANIFEST, AcmeSettings(), FakeClock(NOW), limits=Limits(**limits), transport=upstream)


@contextlib.asynccontextmanager
async def raw_server(respond: Respond) -> AsyncIterator[str]:
    """A server on loopback that says exactly what `respond` writes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            await respond(writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


async def fetch_raw(respond: Respond, **limits: float) -> None:
    async with raw_server(respond) as url:
        session = build_session(MANIFEST, AcmeSettings(), FakeClock(NOW), limits=Limits(**limits))
        try:
            await asyncio.wait_for(session.fetch(Request(method="GET", url=url)), 5)
        finally:
            await session.close()


async def test_an_answer_carries_its_body_its_hash_and_when_it_was_asked() -> None:
    answer = await session_of(Reply(body=b'{"a": 1.50}', headers={"X-Thing": "7"})).fetch(GET)
    assert (answer.status, answer.body, answer.headers["x-thing"]) == (200, b'{"a": 1.50}', "7")
    assert answer.sha256 == hashlib.sha256(b'{"a": 1.50}').hexdigest()
    assert (answer.sent_at, answer.received_at) == (NOW, NOW)


async def test_url_and_body_are_sent_byte_for_byte_and_the_signer_sees_them_so() -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Reply:
        asked.append(request)
        return Reply(body=b"{}")

    request = Request(method="POST", url="http://upstream.example/p?q=a%20b+c&z=%2F", body=b'{ "x":1 }')
    signed: list[Request] = []

    def sign(outgoing: Request) -> dict[str, str]:
        signed.append(outgoing)
        return {"X-Sign": "yes"}

    await session_of(answer).fetch(request, sign=sign)
    assert (asked[0].url, asked[0].body, asked[0].headers["x-sign"]) == (request.url, request.body, "yes")
    assert signed == [request]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, UnexpectedResponseError),
        (400, UnexpectedResponseError),
        (401, CredentialsRejectedError),
        (402, PaymentRequiredError),
        (403, CredentialsRejectedError),
        (404, UnexpectedResponseError),
        (408, ProviderUnavailableError),
        (429, RateLimitedError),
        (500, ProviderUnavailableError),
        (503, ProviderUnavailableError),
        (599, ProviderUnavailableError),
    ],
)
async def test_a_status_becomes_the_error_of_the_tree(status: int, kind: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as raised:
        await session_of(Reply(status=status)).fetch(GET)
    assert type(raised.value) is kind


async def test_what_a_provider_knows_better_comes_before_the_status() -> None:
    refined = ProviderUnavailableError("still syncing")
    for status in (200, 401):
        with pytest.raises(ProviderUnavailableError, match="still syncing"):
            await session_of(Reply(status=status)).fetch(GET, refine=lambda _: refined)


@pytest.mark.parametrize(
    ("header", "retry_after_s"),
    [
        ("7", 7),
        ("0", 0),
        ("999999999999", 3600),
        ("Fri, 02 Jan 2026 03:04:35 GMT", 30),
        ("Fri, 02 Jan 2026 03:00:00 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("", None),
        ("Fri, 02 Jan 2026 03:04:35", None),
    ],
)
async def test_retry_after_is_read_as_seconds_or_as_a_date(header: str, retry_after_s: float | None) -> None:
    with pytest.raises(RateLimitedError) as raised:
        await session_of(Reply(status=429, headers={"Retry-After": header})).fetch(GET)
    assert raised.value.retry_after_s == retry_after_s


async def test_after_retry_after_nothing_is_sent_until_then() -> None:
    replies = iter([Reply(status=429, headers={"retry-after": "50"}), Reply(body=b"{}")])
    session = session_of(lambda _: next(replies), patience_s=1)
    for _ in range(2):
        with pytest.raises(RateLimitedError):
            await session.fetch(GET)
    assert len(list(replies)) == 1


async def test_a_drip_feed_ends_at_the_deadline() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    with pytest.raises(ProviderUnavailableError, match=r"within 0.2 s"):
        await fetch_raw(drip, deadline_s=0.2)


async def test_a_body_that_is_cut_off_is_unavailable() -> None:
    async def cut(writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"a":')

    with pytest.raises(ProviderUnavailableError):
        await fetch_raw(cut)


async def test_an_endless_body_is_cut_at_the_cap() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b" " * 65536)
            await writer.drain()

    with pytest.raises(UnexpectedResponseError, match="more than 1000000 bytes"):
        await fetch_raw(endless, body_bytes=1_000_000)


async def test_nobody_at_home_is_unavailable() -> None:
    async with raw_server(lambda writer: asyncio.sleep(0)) as url:
        free = url
    session = build_session(MANIFEST, AcmeSettings(), FakeClock(NOW))
    with pytest.raises(ProviderUnavailableError):
        await session.fetch(Request(method="GET", url=free))
    await session.close()


async def test_what_is_no_http_is_unavailable() -> None:
    async def shout(writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp ready\r\n")

    with pytest.raises(ProviderUnavailableError):
        await fetch_raw(shout)


async def test_gzip_is_read_members_and_all() -> None:
    body = gzip.compress(b'{"a":') + gzip.compress(b"1}")
    answer = await session_of(Reply(body=body, headers={"content-encoding": "gzip"})).fetch(GET)
    assert answer.body == b'{"a":1}'


async def test_a_gzip_bomb_does_not_unfold() -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    with pytest.raises(UnexpectedResponseError, match="more than 100000 bytes"):
        await session_of(Reply(body=bomb, headers={"content-encoding": "gzip"}), body_bytes=100_000).fetch(GET)


async def test_every_body_is_recorded_also_that_of_a_refusal() -> None:
    replies = iter([Reply(body=b"[1]", headers={"content-type": "application/json"}), Reply(status=500, body=b"oops")])
    session = session_of(lambda _: next(replies))
    with open_exchange() as exchange:
        await session.fetch(GET)
        with pytest.raises(ProviderUnavailableError):
            await session.fetch(GET)
    first, second = exchange.responses
    assert (first.status, first.body, first.content_type, first.method) == (200, b"[1]", "application/json", "GET")
    assert (second.status, second.body, second.received_at) == (500, b"oops", NOW)
    assert exchange.requests == 2
    assert exchange.response_bytes == 7
    assert exchange.sha256s == (hashlib.sha256(b"[1]").hexdigest(), hashlib.sha256(b"oops").hexdigest())


async def test_concurrent_fetches_never_see_each_others_responses() -> None:
    session = session_of(lambda request: Reply(body=request.url[-1:].encode()))

    async def fetch(number: int) -> list[bytes]:
        with open_exchange() as exchange:
            async with asyncio.TaskGroup() as group:
                for _ in range(3):
                    group.create_task(session.fetch(Request(method="GET", url=f"http://upstream.example/{number}")))
            return [response.body for response in exchange.responses]

    assert await asyncio.gather(*map(fetch, range(9))) == [[str(number).encode()] * 3 for number in range(9)]


async def test_outside_of_an_exchange_nothing_piles_up() -> None:
    await session_of(Reply()).fetch(GET)
    assert current_exchange().responses == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pw@h.example/p?apikey=123&x=1", "https://***@h.example/p?apikey=***&x=1"),
        ("https://h.example/v3/very-secret-key", "https://h.example/v3/***"),
        ("https://h.example/p?access_token=1&signature=2&assets=a%2Cb", "https://h.example/p?access_token=***&signature=***&assets=a%2Cb"),
    ],
)  # fmt: skip
def test_a_recorded_url_shows_no_secret(url: str, shown: str) -> None:
    session_of(Reply())
    assert redacted_url(url) == shown


@pytest.mark.parametrize("key", ["very-secret-key\r\nX: y", "very-secret-key-é", "very-secret-key\x00"])
async def test_a_key_that_cannot_be_a_header_is_told_without_showing_it(
    key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(CredentialsRejectedError, match="X-Key") as raised:
        await session_of(Reply()).fetch(GET, sign=lambda _: {"X-Key": key})
    assert "very-secret-key" not in f"{raised.value!r} {raised.value.__cause__!r} {caplog.text}"


async def test_an_excerpt_of_a_body_that_echoes_the_key_is_redacted() -> None:
    answer = await session_of(Reply(body=b"you sent another-secret, really")).fetch(GET)
    error = answer.unexpected("no")
    assert error.excerpt == "you sent ***, really"
    assert error.sha256 == answer.sha256
