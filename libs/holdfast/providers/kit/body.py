"""Reading a response body within a cap, before and after decompression."""

import zlib
from collections.abc import AsyncIterable

from holdfast.providers.kit.errors import ProviderUnavailableError, UnexpectedResponseError

ACCEPT_ENCODING = "gzip"
"""The one encoding asked for: zlib can stop at a byte count, so a bomb never unfolds."""


async def read_body(chunks: AsyncIterable[bytes], *, encoding: str, limit_bytes: int) -> bytes:
    """The whole body, decompressed. Raises UnexpectedResponseError over the cap, and when cut off it is unavailable."""
    compressed = await _read(chunks, limit_bytes)
    if encoding in ("", "identity"):
        return compressed
    if encoding not in ("gzip", "x-gzip"):
        raise UnexpectedResponseError(f"a body in the encoding {encoding[:20]!r}, which was not asked for")
    return _gunzip(compressed, limit_bytes)


async def _read(chunks: AsyncIterable[bytes], limit_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        _refuse_above(len(body), limit_bytes)
    return bytes(body)


def _gunzip(compressed: bytes, limit_bytes: int) -> bytes:
    body = b""
    while compressed:
        member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            body += member.decompress(compressed, limit_bytes + 1 - len(body))
        except zlib.error as error:
            raise UnexpectedResponseError("a body that says it is gzip and is not") from error
        _refuse_above(len(body), limit_bytes)
        if not member.eof:
            raise ProviderUnavailableError("the compressed body was cut off")
        compressed = member.unused_data
    return body


def _refuse_above(size: int, limit_bytes: int) -> None:
    if size > limit_bytes:
        raise UnexpectedResponseError(f"a body of more than {limit_bytes} bytes")
