"""One request under way, and the statement that it brings."""

from msgspec import Struct

from holdfast.warehouse.embedded.authentication import Account
from holdfast.warehouse.embedded.codecs import choose_encoding
from holdfast.warehouse.embedded.ready import Ready
from holdfast.warehouse.embedded.request import Body, Receive, Request, Send, parse_form
from holdfast.warehouse.embedded.response import Headers
from holdfast.warehouse.embedded.statement import InsertHead, may_be_insert, parse_insert

_INSERT_HEAD_BYTES = 1 << 20


class Conversation(Struct, kw_only=True):
    """One request under way."""

    account: Account
    request: Request
    query_id: str
    receive: Receive
    send: Send
    headers: Headers
    """Those of every answer to it."""
    began_ns: int
    comment: str = ""
    """The `log_comment` of its statement; empty as long as there is none to stop."""
    unchanged: Ready | None = None
    """Its handle, once its statement has ended well, if that leaves nothing behind."""

    @property
    def encoding(self) -> str:
        asked = self.request.flag("enable_http_compression")
        return choose_encoding(self.request.headers.get("accept-encoding", "")) if asked else ""

    @property
    def read_only(self) -> bool:
        """GET is for reading, whoever asks."""
        return self.account.read_only or self.request.method in {"GET", "HEAD"}


async def read_statement(request: Request, body: Body) -> tuple[str, InsertHead | None, bytes]:
    """The statement; for an INSERT with its own data, the head and the data read so far."""
    in_address = request.params.get("query", "").encode("utf-8", "surrogateescape")
    if request.form_type:
        form = parse_form(await body.rest(), request.form_type)
        in_address = form.pop("query", "").encode("utf-8", "surrogateescape") or in_address
        request.params.update(form)
        return in_address.decode("utf-8", "surrogateescape"), parse_insert(in_address), b""
    begun, ended = in_address + (b"\n" if in_address else b""), False
    while may_be_insert(begun) or len(begun) < 64:
        head = parse_insert(begun)
        if head is not None and (ended or in_address or head.data_at < len(begun)):
            return head.sql, head, begun[head.data_at :].lstrip(b"\n") if in_address else begun[head.data_at :]
        if ended or len(begun) > _INSERT_HEAD_BYTES:
            break
        piece = await body.next()
        begun, ended = begun + piece, not piece
    whole = await body.rest(begun)
    return whole.decode("utf-8", "surrogateescape"), None, b""
