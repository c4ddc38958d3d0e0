"""`/v1/raw-responses/{sha256}`: what an upstream really said, for as long as it is kept."""

import zlib
from base64 import b64encode
from typing import Annotated, Literal

from litestar import get
from litestar.params import PathParameter
from msgspec import Struct

from services.api.callers import Asker
from services.api.openapi import refusals
from services.api.problems import ApiError
from services.api.queries import load_sql, read
from services.api.resources import Api
from services.api.vocabulary import Time

Sha256 = Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$", description="Of the body: `raw` of an explanation.")]


class RawResponse(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body as it came, decompressed, and the request line it answered, without its secrets."""

    sha256: str
    provider: str
    method: str
    url: str
    status: int
    content_type: str
    received_at: Time
    """The last time that it came."""
    job_id: str
    size_bytes: int
    encoding: Literal["utf-8", "base64"]
    """How `body` is written here: base64 only where the body is not text."""
    body: str


class _Row(Struct, frozen=True, kw_only=True):
    provider: str
    method: str
    url: str
    status: int
    content_type: str
    received_at: Time
    job_id: str
    size_bytes: int
    zlib: bytes


class _Access(Struct, frozen=True, kw_only=True):
    source: str


@get("/raw-responses/{sha256:str}", operation_id="show_raw_response", responses=refusals(404))
async def show_raw_response(api: Api, caller: Asker, sha256: Sha256) -> RawResponse:
    """One body that a snapshot, a total or a return of a source that this key may see was read from."""
    bound = caller.portfolio is not None
    asked = {
        "sha256": sha256,
        "tenant": caller.tenant,
        "everything": not bound,
        "accounts": [account.id for account in caller.accounts(api.registry)] if bound else [],
    }
    rows: list[_Row] = []
    if await read(api.warehouse, load_sql(__file__, "raw_response_access"), asked, _Access):
        rows = await read(api.warehouse, load_sql(__file__, "raw_response"), asked, _Row)
    if not rows:
        raise ApiError(
            404,
            "raw_response_unknown",
            "there is no such body, or it is kept no longer",
            field="sha256",
            fix="GET /v1/portfolios/{id}/explanation names those of a total; clickhouse.raw_days is how long they last",
        )
    return to_view(sha256, rows[0])


def to_view(sha256: str, row: _Row) -> RawResponse:
    body = zlib.decompress(row.zlib)
    encoding, text = _to_text(body)
    return RawResponse(
        sha256=sha256,
        provider=row.provider,
        method=row.method,
        url=row.url,
        status=row.status,
        content_type=row.content_type,
        received_at=row.received_at,
        job_id=row.job_id,
        size_bytes=row.size_bytes,
        encoding=encoding,
        body=text,
    )


def _to_text(body: bytes) -> tuple[Literal["utf-8", "base64"], str]:
    try:
        return "utf-8", body.decode("utf-8")
    except UnicodeDecodeError:
        return "base64", b64encode(body).decode()


ROUTES = [show_raw_response]
