"""CloudEvents 1.0 headers (NATS protocol binding), and the id that JetStream deduplicates by."""

from datetime import UTC, datetime, timedelta

from holdfast.events.catalog import event_type
from holdfast.events.event import Event

ACCOUNT = "Holdfast-Account"
"""Accounts are not in subjects; a subscriber filters by this header without decoding."""
_EPOCH, _MS = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


def headers_of(message: Event, *, producer: str, now: datetime) -> dict[str, str]:
    """Headers of an event about to be published; `producer` is the service, as `worker-okx`."""
    headers = {
        "Nats-Msg-Id": publishing_id(message),
        "ce-specversion": "1.0",
        "ce-id": message.id,
        "ce-type": f"holdfast.{event_type(type(message)).name}",
        "ce-source": f"/holdfast/{producer}",
        "ce-time": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "ce-datacontenttype": "application/json",
    }
    account = getattr(message, "account", "")
    if account:
        headers[ACCOUNT] = account
    return headers


def publishing_id(message: Event) -> str:
    """What the stream knows a repeated publish by: the event's id, and where it was fetched, when.

    A source that says A, then B, then A again of one instant says three things, and the last counts. Their ids are
    made from what they say, so by the id alone the stream would take the second A for a copy of the first.
    """
    fetched_at: datetime | None = getattr(message, "fetched_at", None)
    return message.id if fetched_at is None else f"{message.id}.{(fetched_at - _EPOCH) // _MS}"
