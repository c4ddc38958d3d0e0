"""Messages over the payload limit: numbered parts with ids of their own, and how they come together again.

A part of a snapshot is a whole `BalancesObserved` in itself: it says which lines it has (`offset`),
how many there are in all (`lines`), and of which snapshot. Until all parts are there, there is no
snapshot. The same message at the same limit always gives the same parts under the same ids.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from holdfast.domain.balances import Balance
from holdfast.events.balances import BalancesObserved
from holdfast.events.codec import encode
from holdfast.events.event import Event
from holdfast.events.responses import ResponseRecorded

_MOST_PARTS = 99_999
EventT = TypeVar("EventT", bound=Event)


class UnsplittableError(ValueError):
    """A single line, or what every part must repeat, is over the limit by itself."""


class IncompleteError(ValueError):
    """These are not all parts of one message."""


def split_balances(event: BalancesObserved, limit_bytes: int) -> list[BalancesObserved]:
    """The event itself if it fits into `limit_bytes` encoded, else its parts in order. Raises UnsplittableError."""
    if len(encode(event)) <= limit_bytes:
        return [event]
    chunks = list(_chunks(event.balances, limit_bytes - _frame_bytes(event)))
    if not chunks:
        raise UnsplittableError(f"snapshot {event.snapshot_id} is over {limit_bytes} bytes without any line")
    parts, offset = [], 0
    for number, chunk in enumerate(chunks, start=1):
        parts.append(
            msgspec.structs.replace(
                event,
                id=part_id(event.id, number, len(chunks)),
                balances=chunk,
                part=number,
                parts=len(chunks),
                offset=offset,
            )
        )
        offset += len(chunk)
    return parts


def join_balances(parts: Iterable[BalancesObserved]) -> BalancesObserved:
    """The whole again, from its parts in any order, repeated or not. Raises IncompleteError."""
    ordered = _complete(parts, "snapshot_id")
    if ordered[0].parts == 1:
        return ordered[0]
    balances = tuple(balance for part in ordered for balance in part.balances)
    if len(balances) != ordered[0].lines:
        raise IncompleteError(f"snapshot {ordered[0].snapshot_id}: {len(balances)} of {ordered[0].lines} lines")
    return msgspec.structs.replace(ordered[0], id=ordered[0].snapshot_id, balances=balances, part=1, parts=1, offset=0)


def split_response(event: ResponseRecorded, limit_bytes: int) -> list[ResponseRecorded]:
    """The response itself if it fits, else its body cut into parts. Raises UnsplittableError."""
    if len(encode(event)) <= limit_bytes:
        return [event]
    frame = len(encode(msgspec.structs.replace(event, body=b"", part=_MOST_PARTS, parts=_MOST_PARTS)))
    step = (limit_bytes - frame) // 4 * 3  # base64 on the wire: 3 bytes become 4
    if step < 3:
        raise UnsplittableError(f"response {event.sha256}: {frame} bytes of frame leave no room in {limit_bytes}")
    pieces = [event.body[start : start + step] for start in range(0, len(event.body), step)]
    return [
        msgspec.structs.replace(
            event, id=part_id(event.id, number, len(pieces)), body=piece, part=number, parts=len(pieces)
        )
        for number, piece in enumerate(pieces, start=1)
    ]


def join_response(parts: Iterable[ResponseRecorded], *, id: str) -> ResponseRecorded:  # noqa: A002
    """The whole response again under its own id. Raises IncompleteError."""
    ordered = _complete(parts, "sha256")
    body = b"".join(part.body for part in ordered)
    return msgspec.structs.replace(ordered[0], id=id, body=body, part=1, parts=1)


def part_id(whole: str, part: int, parts: int) -> str:
    """32 hex digits: the same part of the same cut is the same message."""
    return hashlib.sha256(f"{whole}\n{part}\n{parts}".encode()).hexdigest()[:32]


def _frame_bytes(event: BalancesObserved) -> int:
    """What every part weighs without its lines, its numbers at their longest."""
    frame = msgspec.structs.replace(event, balances=(), part=_MOST_PARTS, parts=_MOST_PARTS, offset=max(event.lines, 1))
    return len(encode(frame))


def _chunks(balances: Sequence[Balance], room: int) -> Iterator[tuple[Balance, ...]]:
    """As many lines as fit into `room` bytes, again and again."""
    chunk: list[Balance] = []
    used = 0
    for balance in balances:
        weight = len(_LINE.encode(balance)) + 1  # and the comma
        if weight > room:
            raise UnsplittableError(f"one line of {weight} bytes does not fit into the {max(room, 0)} that a part has")
        if used + weight > room:
            yield tuple(chunk)
            chunk, used = [], 0
        chunk.append(balance)
        used += weight
    if chunk:
        yield tuple(chunk)


def _complete(parts: Iterable[EventT], identity: str) -> list[EventT]:
    by_number = {part.part: part for part in parts}  # type: ignore[attr-defined]
    ordered = [by_number[number] for number in sorted(by_number)]
    if not ordered:
        raise IncompleteError("no parts")
    whole = {(getattr(part, identity), part.parts) for part in ordered}  # type: ignore[attr-defined]
    if len(whole) != 1:
        raise IncompleteError(f"parts of {len(whole)} different messages")
    expected = ordered[0].parts  # type: ignore[attr-defined]
    if sorted(by_number) != list(range(1, expected + 1)):
        raise IncompleteError(f"{len(by_number)} of {expected} parts")
    return ordered


_LINE = msgspec.json.Encoder(decimal_format="string")
