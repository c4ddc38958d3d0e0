"""Bytes to events and back. Every consumer decodes each message alone: one bad one never takes others with it."""

from functools import cache
from typing import TypeVar

import msgspec

from holdfast.events.event import Event

EventT = TypeVar("EventT", bound=Event)
_ENCODER = msgspec.json.Encoder(decimal_format="string")


class UndecodableError(ValueError):
    """The bytes are not a message of that kind; the text says where it breaks."""


@cache
def _decoder(struct: type[Event]) -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(struct)


def encode(message: Event) -> bytes:
    return _ENCODER.encode(message)


def decode(data: bytes, struct: type[EventT]) -> EventT:
    """Raises UndecodableError for anything but a valid message of `struct`."""
    try:
        return _decoder(struct).decode(data)  # type: ignore[return-value]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise UndecodableError(f"{struct.__name__}: {error}") from error
