"""Messages that cannot be stored because of when they say that they were fetched."""

from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from holdfast.events.catalog import event_type
from holdfast.events.codec import encode
from holdfast.events.event import Event
from services.aggregator.batch import validate
from tests.messaging.samples import AT, a_snapshot

HOUR = timedelta(hours=1)


class Message(NamedTuple):
    subject: str
    payload: bytes
    sequence: int
    recorded_at: datetime


def message(event: Event, *, recorded_at: datetime = AT) -> Message:
    return Message(event_type(type(event)).subject_of(event), encode(event), 7, recorded_at)


@pytest.mark.parametrize("ahead", [-400 * 24 * HOUR, timedelta(0), HOUR])
def test_what_was_fetched_before_it_was_published_is_taken(ahead: timedelta) -> None:
    [arrival], rejected = validate(
        [message(replace(a_snapshot(1), fetched_at=AT + ahead, observed_at=AT - 500 * 24 * HOUR))]
    )
    assert (arrival.sequence, rejected) == (7, [])


def test_what_says_that_it_is_fetched_tomorrow_is_a_dead_letter_with_its_reason() -> None:
    """Else it would be the current one until tomorrow, whatever is said of that instant meanwhile."""
    tomorrow = AT + 24 * HOUR
    arrivals, [rejected] = validate([message(replace(a_snapshot(1), fetched_at=tomorrow, observed_at=tomorrow))])
    assert (arrivals, rejected.reason) == ([], "InvalidMessage")
    assert rejected.message == (
        "fetched_at: 2026-03-02T12:00:00+00:00 is over an hour after the stream recorded the message, "
        "2026-03-01T12:00:00+00:00"
    )


def test_what_says_that_it_is_of_tomorrow_is_a_dead_letter_with_its_reason() -> None:
    arrivals, [rejected] = validate([message(replace(a_snapshot(1), observed_at=AT + 24 * HOUR))])
    assert (arrivals, rejected.reason) == ([], "InvalidMessage")
    assert rejected.message.startswith("observed_at: 2026-03-02T12:00:00+00:00 is more than a minute after fetched_at")
