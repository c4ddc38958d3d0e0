"""One HTTP request as ClickHouse's interface means it."""

import email.message
import email.policy
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct

from holdfast.warehouse.embedded.codecs import build_decoder
from holdfast.warehouse.embedded.errors import (
    BAD_ARGUMENTS,
    NOT_IMPLEMENTED,
    QUERY_IS_TOO_LARGE,
    EngineError,
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

STATEMENT_BYTES = 64 << 20
"""The longest statement; data of an INSERT does not count."""

FIELD_BYTES = 128 << 10
"""The longest field in an address or a form: `http_max_field_value_size` of a ClickHouse server with its defaults."""

_AS_IT_IS = frozenset({"7bit", "8bit", "binary"})

# Parameters that the interface itself reads; every other one is a setting.
_INTERFACE = frozenset(
    {
        "add_http_cors_header",
        "buffer_size",
        "client_protocol_version",
        "close_session",
        "compress",
        "database",
        "decompress",
        "default_format",
        "enable_http_compression",
        "http_headers_progress_interval_ms",
        "http_write_exception_in_output_format",
        "http_zlib_compression_level",
        "password",
        "query",
        "query_id",
        "quota_key",
        "role",
        "send_progress_in_http_headers",
        "session_check",
        "session_id",
        "session_timeout",
        "stacktrace",
        "user",
        "wait_end_of_query",
    }
)


class Disconnected(Exception):  # noqa: N818 - not a failure of ours
    """The client went away."""


class Request(Struct, kw_only=True):
    """The head of a request. Names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    params: dict[str, str]
    client: str

    @property
    def settings(self) -> dict[str, str]:
        return {
            name: value
            for name, value in self.params.items()
            if name not in _INTERFACE and not name.startswith("param_")
        }

    @property
    def query_params(self) -> dict[str, str]:
        return {name.removeprefix("param_"): value for name, value in self.params.items() if name.startswith("param_")}

    @property
    def form_type(self) -> str:
        """The Content-Type, when the body is a form."""
        content_type = self.headers.get("content-type", "")
        return content_type if content_type.lower().startswith("multipart/form-data") else ""

    def flag(self, name: str) -> bool:
        return self.params.get(name, "0").lower() in {"1", "true"}


def to_request(scope: Scope) -> Request:
    """Raises EngineError for what is not served here."""
    pairs = parse_qsl(scope["query_string"].decode("ascii", "replace"), keep_blank_values=True)
    request = Request(
        method=scope["method"],
        path=scope["path"],
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        params=dict(pairs),
        client=(scope.get("client") or ("?", 0))[0],
    )
    for name in ("compress", "decompress"):
        if request.flag(name):
            raise EngineError(
                NOT_IMPLEMENTED,
                f"{name}=1 (ClickHouse's own block framing) is not served here: "
                f"set {name}=0 and use the HTTP headers Accept-Encoding and Content-Encoding",
            )
    for name, value in pairs:
        _check_field(name, value)
    for name in request.settings:
        if not name.isidentifier():
            raise EngineError(BAD_ARGUMENTS, f"{name!r} is not the name of a setting")
    return request


class Body:
    """The body, decompressed, in pieces as they arrive."""

    def __init__(self, receive: Receive, content_encoding: str) -> None:
        self._pieces = _pieces(receive, content_encoding)

    async def next(self) -> bytes:
        """The next piece, empty at the end. Raises Disconnected."""
        return await anext(self._pieces, b"")

    async def rest(self, begun: bytes = b"") -> bytes:
        """All that is left, behind `begun`. Raises EngineError when it is too long for a statement."""
        whole = bytearray(begun)
        while piece := await self.next():
            whole += piece
            if len(whole) > STATEMENT_BYTES:
                raise EngineError(QUERY_IS_TOO_LARGE, f"a statement may have {STATEMENT_BYTES} bytes")
        return bytes(whole)


async def _pieces(receive: Receive, content_encoding: str) -> AsyncIterator[bytes]:
    decoder = build_decoder(content_encoding)
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        more = bool(message.get("more_body"))
        for piece in decoder.feed(message.get("body", b"")):
            yield piece
    decoder.finish()


def parse_form(body: bytes, content_type: str) -> dict[str, str]:
    """The fields of a multipart form. Raises EngineError for files (external tables) and broken forms."""
    boundary = _head({"Content-Type": content_type}).get_boundary("")
    before, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1", "replace"))
    if not boundary or before or not parts or not parts.pop().startswith(b"--"):
        raise EngineError(BAD_ARGUMENTS, "the multipart form cannot be read: is its boundary right?")
    fields = dict(map(_parse_part, parts))
    for name, value in fields.items():
        _check_field(name, value)
    return fields


def _parse_part(part: bytes) -> tuple[str, str]:
    """The name and the value. Of the line that ends the boundary, an empty one is left before the headers."""
    lines, _, value = part.partition(b"\r\n\r\n")
    pairs = (line.partition(":")[::2] for line in lines.decode("latin-1").split("\r\n") if ":" in line)
    head = _head({name.strip(): words.strip() for name, words in pairs})
    name = head.get_param("name", header="content-disposition")
    if head.get_filename() is not None:
        raise EngineError(NOT_IMPLEMENTED, f"external tables ({name}) are not served here: insert them first")
    if not isinstance(name, str) or head.get("content-transfer-encoding", "binary").lower() not in _AS_IT_IS:
        raise EngineError(BAD_ARGUMENTS, "the multipart form cannot be read: a part has no name, or is encoded")
    return name, value.decode("utf-8", "surrogateescape")


def _head(headers: Mapping[str, str]) -> email.message.Message:
    """Headers, to take apart their parameters. A whole form takes email's own parser milliseconds."""
    head = email.message.Message(policy=email.policy.compat32)
    for name, value in headers.items():
        head[name] = value
    return head


def _check_field(name: str, value: str) -> None:
    length = len(value.encode("utf-8", "surrogateescape"))
    if length > FIELD_BYTES:
        raise EngineError(
            BAD_ARGUMENTS, f"{name[:80]} has {length} bytes and a field {FIELD_BYTES}: send a long array in several"
        )
