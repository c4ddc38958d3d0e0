"""Proxies that understand what passes through them, so that a test can lose exactly one answer.

The worst fault is not a refusal: it is a thing that was done whose doer was never told. Both proxies
pass every request on and may keep the answer; what is behind them and before them is the real thing.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

_HOST = "127.0.0.1"
_MOST = 64 * 1024 * 1024
_WITH_PAYLOAD = frozenset({b"PUB", b"HPUB", b"MSG", b"HMSG"})
_INSERT = re.compile(rb"INSERT(?:\s|\+|%20)+INTO", re.IGNORECASE)


class Frame(Struct, frozen=True):
    """One operation of the NATS protocol. `subject` and `payload` are empty where it has none."""

    side: Literal["client", "server"]
    """Who sent it."""
    raw: bytes
    subject: str = ""
    payload: bytes = b""

    @property
    def is_stored(self) -> bool:
        """JetStream's "stored", the answer to a publish."""
        return self.side == "server" and self.payload.startswith(b'{"stream":')

    @property
    def is_confirmed(self) -> bool:
        """JetStream's empty answer to an acknowledgement that asked for one."""
        return self.side == "server" and self.raw.startswith(b"MSG _INBOX.") and not self.payload

    @property
    def is_ack(self) -> bool:
        """A client's acknowledgement of one message."""
        return self.side == "client" and self.subject.startswith("$JS.ACK.") and self.payload in (b"", b"+ACK")


class Proxy:
    """A TCP proxy on a free port. `start` it, point a client at `port`, `stop` it."""

    def __init__(self, upstream_port: int) -> None:
        self.port = 0
        self._upstream_port = upstream_port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, _HOST, 0, limit=_MOST)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            upstream = await asyncio.open_connection(_HOST, self._upstream_port, limit=_MOST)
            try:
                await _first_to_end(*self._ways((reader, writer), upstream))
            finally:
                upstream[1].close()
        writer.close()

    def _ways(self, client: "_Ends", upstream: "_Ends") -> "_Ways":
        """Both directions, as tasks; the connection ends with the first of them."""
        raise NotImplementedError


_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_Ways = tuple[asyncio.Task[None], asyncio.Task[None]]


class NatsProxy(Proxy):
    """Between one client and nats-server. `passes` says of each frame whether it goes through."""

    def __init__(self, upstream_port: int, passes: Callable[[Frame], bool]) -> None:
        super().__init__(upstream_port)
        self._passes = passes

    def _ways(self, client: _Ends, upstream: _Ends) -> _Ways:
        return (
            asyncio.create_task(self._relay("client", client[0], upstream[1])),
            asyncio.create_task(self._relay("server", upstream[0], client[1])),
        )

    async def _relay(
        self, side: Literal["client", "server"], source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        while True:
            frame = await _read_frame(side, source)
            if self._passes(frame):
                sink.write(frame.raw)
                await sink.drain()


class HttpProxy(Proxy):
    """Between one client and ClickHouse. `passes` is asked when an INSERT is done, with what it began with.

    False cuts the connection instead of answering: the rows are stored and the client does not know.
    """

    def __init__(self, upstream_port: int, passes: Callable[[bytes], bool]) -> None:
        super().__init__(upstream_port)
        self._passes = passes

    def _ways(self, client: _Ends, upstream: _Ends) -> _Ways:
        asked = bytearray()
        return (
            asyncio.create_task(self._ask(asked, client[0], upstream[1])),
            asyncio.create_task(self._answer(asked, upstream[0], client[1])),
        )

    async def _ask(self, asked: bytearray, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65536):
            asked += chunk[: max(0, 4096 - len(asked))]
            sink.write(chunk)
            await sink.drain()

    async def _answer(self, asked: bytearray, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65536):
            if _INSERT.search(asked) and not self._passes(bytes(asked)):
                return
            asked.clear()  # the next request on this connection begins after this answer
            sink.write(chunk)
            await sink.drain()


class RecordingProxy(Proxy):
    """Changes nothing and keeps what clients send, byte for byte, in order of arrival."""

    def __init__(self, upstream_port: int) -> None:
        super().__init__(upstream_port)
        self.sent = bytearray()

    def _ways(self, client: _Ends, upstream: _Ends) -> _Ways:
        return (
            asyncio.create_task(_pour(client[0], upstream[1], self.sent)),
            asyncio.create_task(_pour(upstream[0], client[1], bytearray())),
        )


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter, kept: bytearray) -> None:
    while chunk := await source.read(65536):
        kept += chunk
        sink.write(chunk)
        await sink.drain()


async def _first_to_end(one: asyncio.Task[None], other: asyncio.Task[None]) -> None:
    try:
        await asyncio.wait({one, other}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        one.cancel()
        other.cancel()
        await asyncio.gather(one, other, return_exceptions=True)


async def _read_frame(side: Literal["client", "server"], source: asyncio.StreamReader) -> Frame:
    line = await source.readuntil(b"\r\n")
    words = line.split()
    if not words or words[0].upper() not in _WITH_PAYLOAD:
        return Frame(side, line)
    body = await source.readexactly(int(words[-1]) + 2)
    # With headers, the last number but one is where the payload begins.
    start = int(words[-2]) if words[0].upper() in {b"HPUB", b"HMSG"} else 0
    return Frame(side, line + body, words[1].decode(), body[start:-2])
