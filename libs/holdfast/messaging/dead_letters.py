"""Messages that a person must look at: bury, list, show, replay.

A dead letter's body is the message as it was; what is known about its death travels in one header,
so that a payload at the size limit still fits. A replay goes to the original subject under a new id
and leaves a mark beside the letter; the letter itself stays until the stream's age takes it.
"""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from holdfast.events import subjects
from holdfast.messaging.declarations import DEAD
from holdfast.messaging.publishing import Message, Stored, publish_message
from holdfast.observability import metrics
from holdfast.observability.logs import redacted

HEADER = "Holdfast-Dead"
REPLAY_OF = "Holdfast-Replay-Of"
_REPLAYED = "dead.replayed."
_TEXT_BYTES, _HEADERS_BYTES = 1200, 1500


class DeadLetterError(Exception):
    """There is no such dead letter, or it cannot be replayed."""


class Death(Struct, frozen=True, kw_only=True):
    """Why and where a message died."""

    reason: str
    """A bounded label, as `UnexpectedResponse`."""
    message: str
    """The error's text, redacted."""
    stream: str
    consumer: str
    sequence: int
    subject: str
    died_at: datetime
    deliveries: int = 1
    excerpt: str = ""
    """The beginning of what could not be understood, redacted."""
    status: int | None = None
    sha256: str = ""
    """Of the recorded response body."""
    headers: dict[str, str] = {}
    """Of the original message."""


class DeadLetter(Struct, frozen=True, kw_only=True):
    sequence: int
    """In the DEAD stream: the letter's id for show and replay."""
    death: Death
    payload: bytes
    replays: int = 0


async def bury(js: JetStreamContext, death: Death, payload: bytes) -> Stored:
    """Store a dead letter; burying the same message of the same consumer again is the same letter.

    Only when this has returned may the original be acknowledged. Raises PublishError.
    """
    message = Message(
        subject=subjects.dead(death.stream, death.consumer),
        headers={
            "Nats-Msg-Id": f"dead/{death.stream}/{death.consumer}/{death.sequence}",
            HEADER: _to_header(death),
        },
        payload=payload,
    )
    stored = await publish_message(js, message)
    if not stored.duplicate:
        metrics.dead_letters.labels(death.stream, death.consumer, death.reason).inc()
    return stored


async def list_letters(js: JetStreamContext, *, limit: int = 100, after: int = 0) -> list[DeadLetter]:
    """Dead letters in the order of their death, those with a sequence above `after`."""
    marks = await _marks(js)
    letters: list[DeadLetter] = []
    async for found in _walk(js, "dead.*.*", after + 1):
        letters.append(_to_letter(found, marks))
        if len(letters) >= limit:
            break
    return letters


async def show(js: JetStreamContext, sequence: int) -> DeadLetter:
    """One dead letter. Raises DeadLetterError where there is none."""
    return _to_letter(await _read(js, sequence), await _marks(js))


async def replay(js: JetStreamContext, sequence: int) -> Stored:
    """Publish the original message again, and mark the letter. Raises DeadLetterError or PublishError.

    Interrupted between the two, it can be repeated: the same replay keeps its id until it is marked.
    """
    letter = await show(js, sequence)
    turn = f"{sequence}/{letter.replays + 1}"
    kept = {name: value for name, value in letter.death.headers.items() if not name.lower().startswith("nats-")}
    stored = await publish_message(
        js,
        Message(
            subject=letter.death.subject,
            headers={**kept, "Nats-Msg-Id": f"replay/{turn}", REPLAY_OF: f"{DEAD}/{sequence}"},
            payload=letter.payload,
        ),
    )
    mark = Message(
        subject=f"{_REPLAYED}{letter.death.stream.lower()}.{letter.death.consumer}",
        headers={"Nats-Msg-Id": f"replayed/{turn}", REPLAY_OF: str(sequence)},
        payload=b"",
    )
    await publish_message(js, mark)
    return stored


def parse_death(headers: Mapping[str, str] | None) -> Death:
    """What a message of the DEAD stream says about its death. Raises DeadLetterError."""
    text = (headers or {}).get(HEADER)
    if text is None:
        raise DeadLetterError(f"a message of {DEAD} without the header {HEADER}")
    try:
        return msgspec.json.decode(text, type=Death)
    except msgspec.MsgspecError as error:
        raise DeadLetterError(f"a message of {DEAD} with an unreadable header {HEADER}: {error}") from error


def _to_header(death: Death) -> str:
    """One line of ASCII, bounded, whatever the upstream sent."""
    fields: dict[str, Any] = msgspec.to_builtins(death)
    fields["message"] = _bounded(redacted(death.message))
    fields["excerpt"] = _bounded(redacted(death.excerpt))
    fields["subject"] = _bounded(death.subject)
    if len(json.dumps(fields["headers"])) > _HEADERS_BYTES:
        fields["headers"] = {}
    return json.dumps(fields)


def _bounded(text: str) -> str:
    """Printable ASCII, cut: what a header can carry."""
    return "".join(character if " " <= character <= "~" else "?" for character in text[:_TEXT_BYTES])


async def _read(js: JetStreamContext, sequence: int) -> RawStreamMsg:
    try:
        found = await js.get_msg(DEAD, seq=sequence)
    except NotFoundError as error:
        raise DeadLetterError(f"no dead letter {sequence}: see `holdfast dead list`") from error
    if str(found.subject).startswith(_REPLAYED):
        raise DeadLetterError(f"{sequence} is the mark of a replay, not a dead letter: see `holdfast dead list`")
    return found


async def _marks(js: JetStreamContext) -> dict[int, int]:
    """How often each letter was replayed, by its sequence."""
    marks: dict[int, int] = {}
    async for found in _walk(js, f"{_REPLAYED}>", 1):
        sequence = int((found.headers or {}).get(REPLAY_OF, "0"))
        marks[sequence] = marks.get(sequence, 0) + 1
    return marks


async def _walk(js: JetStreamContext, subject: str, start: int) -> AsyncIterator[RawStreamMsg]:
    sequence = max(start, 1)
    while True:
        try:
            found = await js.get_msg(DEAD, seq=sequence, subject=subject, next=True)
        except NotFoundError:
            return
        yield found
        sequence = (found.seq or sequence) + 1


def _to_letter(found: RawStreamMsg, marks: Mapping[int, int]) -> DeadLetter:
    sequence = found.seq or 0
    return DeadLetter(
        sequence=sequence,
        death=parse_death(found.headers),
        payload=found.data or b"",
        replays=marks.get(sequence, 0),
    )
