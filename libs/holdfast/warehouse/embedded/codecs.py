"""Content-Encoding of bodies, piece by piece: gzip, deflate, lz4 frames and zstd."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import lz4.frame
from backports import zstd

from holdfast.warehouse.embedded.errors import CANNOT_DECOMPRESS, UNKNOWN_COMPRESSION_METHOD, EngineError

_PIECE = 1 << 20
"""What a decoder gives out at most at once, so that a small body cannot unpack into all of memory."""


class Decoder(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]: ...
    def finish(self) -> None:
        """Raises EngineError when the body ended in the middle."""


class Encoder(Protocol):
    def feed(self, data: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


class Plain:
    """No encoding, either way."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        if data:
            yield data

    def finish(self) -> None:
        """Nothing can be missing."""


class _Unpacking:
    """Any decompressor of the standard shape, over concatenated frames."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._unpacker: Any = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data or self._has_more():
            if self._unpacker is None or self._unpacker.eof:
                self._unpacker = self._build()
            try:
                piece = self._unpacker.decompress(data, _PIECE)
            except Exception as error:
                raise EngineError(CANNOT_DECOMPRESS, f"the body is not what Content-Encoding says: {error}") from error
            data = self._unpacker.unused_data if self._unpacker.eof else b""
            if piece:
                yield piece

    def _has_more(self) -> bool:
        return self._unpacker is not None and not self._unpacker.eof and not self._unpacker.needs_input

    def finish(self) -> None:
        if self._unpacker is not None and not self._unpacker.eof:
            raise EngineError(CANNOT_DECOMPRESS, "the compressed body ends in the middle")


class _Inflate:
    """zlib in the shape of the other decompressors."""

    def __init__(self, window_bits: int) -> None:
        self._inner = zlib.decompressobj(window_bits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, most: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, most)


class _Zlib:
    def __init__(self, window_bits: int) -> None:
        self._inner = zlib.compressobj(1, wbits=window_bits)

    def feed(self, data: bytes) -> bytes:
        return self._inner.compress(data)

    def finish(self) -> bytes:
        return self._inner.flush()


class _Zstd:
    def __init__(self) -> None:
        self._inner = zstd.ZstdCompressor(level=1)

    def feed(self, data: bytes) -> bytes:
        return bytes(self._inner.compress(data))

    def finish(self) -> bytes:
        return bytes(self._inner.flush())


class _Lz4:
    def __init__(self) -> None:
        self._inner = lz4.frame.LZ4FrameCompressor()
        self._started = False

    def feed(self, data: bytes) -> bytes:
        return self._begin() + bytes(self._inner.compress(data))

    def finish(self) -> bytes:
        return self._begin() + bytes(self._inner.flush())

    def _begin(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        return bytes(self._inner.begin())


_DECODERS: dict[str, Callable[[], Decoder]] = {
    "": Plain,
    "identity": Plain,
    "gzip": lambda: _Unpacking(lambda: _Inflate(31)),
    "deflate": lambda: _Unpacking(lambda: _Inflate(15)),
    "lz4": lambda: _Unpacking(lz4.frame.LZ4FrameDecompressor),
    "zstd": lambda: _Unpacking(zstd.ZstdDecompressor),
}

_ENCODERS: dict[str, Callable[[], Encoder]] = {
    "zstd": _Zstd,
    "lz4": _Lz4,
    "gzip": lambda: _Zlib(31),
    "deflate": lambda: _Zlib(15),
}


def build_decoder(content_encoding: str) -> Decoder:
    """Raises EngineError for an encoding that is not known here."""
    build = _DECODERS.get(content_encoding.strip().lower())
    if build is None:
        known = ", ".join(name for name in _DECODERS if name)
        raise EngineError(
            UNKNOWN_COMPRESSION_METHOD, f"Content-Encoding {content_encoding} is not known; known: {known}"
        )
    return build()


def choose_encoding(accept_encoding: str) -> str:
    """The first encoding of ours that the client accepts, or empty for none."""
    accepted = {part.partition(";")[0].strip().lower() for part in accept_encoding.split(",") if "q=0" not in part}
    return next((name for name in _ENCODERS if name in accepted), "")


def build_encoder(name: str) -> Encoder | None:
    return _ENCODERS[name]() if name else None
