"""A batch before it is stored: validated events, and the messages that are none."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from holdfast.events import event_type_of
from holdfast.events.checks import InvalidMessageError, check
from holdfast.events.codec import UndecodableError, decode
from holdfast.events.event import Event

AHEAD = timedelta(hours=1)
"""How far a publisher's clock may be ahead of the stream's: further, and what it says would outlive its corrections."""


class Message(Protocol):
    """What is needed of a received message (holdfast.messaging.batches.Received)."""

    @property
    def subject(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def sequence(self) -> int: ...
    @property
    def recorded_at(self) -> datetime: ...


class Arrival(Struct, frozen=True, kw_only=True):
    """A valid event, with what the stream knows of it."""

    event: Event
    sequence: int
    recorded_at: datetime


class Rejected(Struct, frozen=True, kw_only=True):
    """A message that cannot be stored, and why."""

    sequence: int
    reason: str
    """A bounded label: `Undecodable`, `InvalidMessage`, `UnknownSubject`, `WrongSubject`, `WarehouseRefused`, `Bug`."""
    message: str


def validate(messages: Iterable[Message]) -> tuple[list[Arrival], list[Rejected]]:
    """Each message alone: a bad one takes no other with it."""
    arrivals: list[Arrival] = []
    rejected: list[Rejected] = []
    for message in messages:
        try:
            arrivals.append(Arrival(event=_parse(message), sequence=message.sequence, recorded_at=message.recorded_at))
        except (UndecodableError, InvalidMessageError, UnknownSubjectError, WrongSubjectError) as error:
            reason = type(error).__name__.removesuffix("Error")
            rejected.append(Rejected(sequence=message.sequence, reason=reason, message=str(error)))
    return arrivals, rejected


class UnknownSubjectError(ValueError):
    """Nothing in the catalog travels on this subject."""


class WrongSubjectError(ValueError):
    """The subject says another tenant or provider than the message: permissions are given by subject."""


def _parse(message: Message) -> Event:
    kind = event_type_of(message.subject)
    if kind is None:
        raise UnknownSubjectError(f"{message.subject}: no such event in the catalog")
    event = decode(message.payload, kind.struct)
    check(event)
    _check_heard(event, message.recorded_at)
    if kind.subject_of(event) != message.subject:
        raise WrongSubjectError(f"arrived on {message.subject}, belongs on {kind.subject_of(event)}")
    return event


def _check_heard(event: Event, recorded_at: datetime) -> None:
    """Of several statements about one instant the last fetched counts; none was fetched after it was published."""
    for field in ("fetched_at", "withdrawn_at"):
        at: datetime | None = getattr(event, field, None)
        if at is not None and at - recorded_at > AHEAD:
            said, told = at.isoformat(), recorded_at.isoformat()
            raise InvalidMessageError(field, f"{said} is over an hour after the stream recorded the message, {told}")


def of_kind(arrivals: Sequence[Arrival], kind: type[Event]) -> list[Arrival]:
    return [arrival for arrival in arrivals if isinstance(arrival.event, kind)]
