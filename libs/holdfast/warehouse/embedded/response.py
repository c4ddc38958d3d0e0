"""Answers in the shape that ClickHouse clients expect."""

import json
import secrets

from holdfast.warehouse.embedded.codecs import build_encoder
from holdfast.warehouse.embedded.engine import Outcome
from holdfast.warehouse.embedded.errors import EngineError
from holdfast.warehouse.embedded.request import Send

Headers = dict[str, str]

_CONTENT_TYPES = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONStrings": "application/json; charset=UTF-8",
    "JSONColumns": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "JSONCompactEachRow": "application/x-ndjson; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNames": "text/tab-separated-values; charset=UTF-8",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
    "Parquet": "application/octet-stream",
    "Arrow": "application/octet-stream",
    "ArrowStream": "application/octet-stream",
}


def content_type(output: str) -> str:
    return _CONTENT_TYPES.get(output, "text/plain; charset=UTF-8")


def summary(outcome: Outcome, elapsed_ns: int) -> str:
    """X-ClickHouse-Summary: numbers as strings, as the server writes them."""
    # An insert counts the rows it wrote as read too.
    read_rows, read_bytes = outcome.read_rows or outcome.written_rows, outcome.read_bytes or outcome.written_bytes
    return json.dumps(
        {
            "read_rows": str(read_rows),
            "read_bytes": str(read_bytes),
            "written_rows": str(outcome.written_rows),
            "written_bytes": str(outcome.written_bytes),
            "total_rows_to_read": "0",
            "result_rows": "0",
            "result_bytes": str(len(outcome.body)),
            "elapsed_ns": str(elapsed_ns),
        }
    )


async def reply(send: Send, status: int, body: bytes, headers: Headers, *, encoding: str = "") -> None:
    encoder = build_encoder(encoding) if body else None
    if encoder is not None:
        body = encoder.feed(body) + encoder.finish()
        headers = {**headers, "Content-Encoding": encoding}
    await _start(send, status, {**headers, "Content-Length": str(len(body))})
    await send({"type": "http.response.body", "body": body})


async def reply_error(send: Send, error: EngineError, headers: Headers, *, version: str) -> None:
    await reply(
        send,
        error.http_status,
        f"{error} (version {version} (embedded))\n".encode("utf-8", "replace"),
        {**headers, "X-ClickHouse-Exception-Code": str(error.code), "Content-Type": content_type("")},
    )


class Stream:
    """An answer whose length is not known yet. `start`, then `write` any number of times, then `end`."""

    def __init__(self, send: Send, headers: Headers, *, encoding: str) -> None:
        self._send = send
        self._encoder = build_encoder(encoding)
        self._tag = secrets.token_hex(8)
        self._headers = {**headers, "X-ClickHouse-Exception-Tag": self._tag}
        if encoding:
            self._headers["Content-Encoding"] = encoding

    async def start(self) -> None:
        await _start(self._send, 200, self._headers)

    async def write(self, block: bytes) -> None:
        body = self._encoder.feed(block) if self._encoder else block
        if body:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def fail(self, error: EngineError) -> None:
        """The status is long gone, so the error goes into the body, between tags that the header announced."""
        message, tag = str(error).encode("utf-8", "replace"), self._tag.encode()
        block = b"__exception__\r\n%b\r\n%b\n%d %b\r\n__exception__\r\n" % (tag, message, len(message) + 1, tag)
        await self.write(block)

    async def end(self) -> None:
        rest = self._encoder.finish() if self._encoder else b""
        await self._send({"type": "http.response.body", "body": rest})


async def _start(send: Send, status: int, headers: Headers) -> None:
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
