"""One HTTP request as ClickHouse's interface means it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

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
    fields: dict[str, bytearray] = {}
    try:
        for name, piece in _parsed(body, parse_options_header(content_type)[1].get("boundary", "")):
            fields.setdefault(name, bytearray()).extend(piece)
    except MultipartError as error:
        message = f"the multipart form cannot be read: is its boundary right? {error}"
        raise EngineError(BAD_ARGUMENTS, message) from error
    values = {name: value.decode("utf-8", "surrogateescape") for name, value in fields.items()}
    for name, value in values.items():
        _check_field(name, value)
    return values


def _parsed(body: bytes, boundary: str) -> Iterator[tuple[str, bytes | bytearray]]:
    """Of each field its name, and what it holds. Raises MultipartError."""
    name = ""
    with PushMultipartParser(boundary) as parser:
        for event in parser.parse(body):
            if isinstance(event, MultipartSegment):
                name = _name_of(event)
            yield name, b"" if event is None or isinstance(event, MultipartSegment) else event


def _name_of(part: MultipartSegment) -> str:
    if part.filename is not None:
        raise EngineError(NOT_IMPLEMENTED, f"external tables ({part.name}) are not served here: insert them first")
    if not part.name or str(part.header("Content-Transfer-Encoding", "binary")).lower() not in _AS_IT_IS:
        raise EngineError(BAD_ARGUMENTS, "the multipart form cannot be read: a part has no name, or is encoded")
    return str(part.name)


def _check_field(name: str, value: str) -> None:
    length = len(value.encode("utf-8", "surrogateescape"))
    if length > FIELD_BYTES:
        raise EngineError(
            BAD_ARGUMENTS, f"{name[:80]} has {length} bytes and a field {FIELD_BYTES}: send a long array in several"
        )
