"""CloudEvents 1.0 headers (NATS protocol binding), and the id that JetStream deduplicates by."""

from datetime import UTC, datetime

from holdfast.events.catalog import event_type
from holdfast.events.event import Event

ACCOUNT = "Holdfast-Account"
"""Accounts are not in subjects; a subscriber filters by this header without decoding."""


def headers_of(message: Event, *, producer: str, now: datetime) -> dict[str, str]:
    """Headers of an event about to be published; `producer` is the service, as `worker-okx`."""
    headers = {
        "Nats-Msg-Id": message.id,
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
