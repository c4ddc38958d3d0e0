"""Jobs, how they ended, and what was answered."""

from holdfast.domain.jobs import JobWindow
from holdfast.events.checks.fields import (
    InvalidMessageError,
    check_hashes,
    check_text,
    check_time,
    check_times,
    check_within,
)
from holdfast.events.fetches import FetchFailed, FetchFinished
from holdfast.events.jobs import FetchRequested
from holdfast.events.responses import ResponseRecorded

MAX_PARTS = 99_999
MAX_INSTANTS = 1_000_000
"""Of one window of history."""


def check_request(message: FetchRequested) -> None:
    check_text("target", message.target)
    check_times(message, "slot", "requested_at")
    if message.window is not None:
        if message.lane != "backfill":
            raise InvalidMessageError("lane", f"is {message.lane!r}, but history is fetched in lane 'backfill'")
        _window(message.window)


def _window(window: JobWindow) -> None:
    check_time("window.start", window.start)
    check_time("window.end", window.end)
    if window.start > window.end:
        raise InvalidMessageError("window.start", f"{window.start.isoformat()} is after its end")
    check_within("window", window.instants, 1, MAX_INSTANTS)


def check_finished(message: FetchFinished) -> None:
    check_text("target", message.target)
    check_times(message, "slot", "started_at", "finished_at")
    for field in ("attempts", "requests", "response_bytes", "snapshots", "lines"):
        check_within(field, getattr(message, field), 0, 2**40)


def check_failed(message: FetchFailed) -> None:
    check_text("target", message.target)
    check_times(message, "slot", "started_at", "finished_at")
    check_within("attempts", message.attempts, 0, 2**40)
    if message.retry_at is not None:
        check_time("retry_at", message.retry_at)


def check_response(message: ResponseRecorded) -> None:
    check_hashes((message.sha256,), "sha256")
    check_times(message, "received_at")
    check_within("status", message.status, 100, 599)
    check_within("size_bytes", message.size_bytes, 0, 2**40)
    check_within("parts", message.parts, 1, MAX_PARTS)
    check_within("part", message.part, 1, message.parts)
