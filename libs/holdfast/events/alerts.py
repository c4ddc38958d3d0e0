"""Something an operator or an owner must look at."""

from typing import Literal

from holdfast.events.event import AwareTime, Event


class AlertRaised(Event, frozen=True, kw_only=True):
    kind: Literal["provider_stopped", "account_paused", "poison_flood", "stream_nearly_full", "stale", "drift", "jump"]
    subject: str
    """Who or what it is about: a provider, a source id, a consumer, a portfolio."""
    message: str
    raised_at: AwareTime
