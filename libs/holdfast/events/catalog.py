"""The index of contracts: each event's subject, stream, producer, consumers and version.

Schemas (`schemas/<family>.v<version>.json`) are generated from these Structs and committed;
`examples/` holds messages that every consumer is tested with. An added optional field keeps the
version; anything else is a new one.
"""

from typing import Any

from msgspec import Struct

from holdfast.events import subjects
from holdfast.events.alerts import AlertRaised
from holdfast.events.balances import BalancesObserved, TotalsReported
from holdfast.events.clusters import ClustersObserved
from holdfast.events.event import Event
from holdfast.events.fetches import FetchFailed, FetchFinished
from holdfast.events.guards import CheckCrossed, PortfolioJumped, ReturnCrossed
from holdfast.events.jobs import FetchRequested
from holdfast.events.portfolios import PortfolioRevalued
from holdfast.events.prices import PricesObserved, PricesWithdrawn
from holdfast.events.responses import ResponseRecorded
from holdfast.events.returns import ReturnsReported
from holdfast.events.transfers import TransfersObserved


class EventType(Struct, frozen=True, kw_only=True):
    family: str
    """The head of its subject, as `balances.observed`."""
    version: int
    struct: type[Event]
    stream: str
    producer: str
    consumers: tuple[str, ...]
    tail: tuple[str, ...] = ("provider",)
    """The fields that follow the tenant in the subject."""

    @property
    def name(self) -> str:
        """CloudEvents type: `balances.observed.v1`."""
        return f"{self.family}.v{self.version}"

    def subject_of(self, message: Event) -> str:
        return subjects.event(self.family, self.version, message.tenant, *(getattr(message, f) for f in self.tail))

    @property
    def wildcard(self) -> str:
        """All of this event, of every tenant."""
        return f"{self.name}.>"


class JobType(EventType, frozen=True, kw_only=True):
    """Jobs are addressed by lane, not by tenant."""

    def subject_of(self, message: Any) -> str:
        return subjects.job(message.lane, message.provider, message.feed)

    @property
    def wildcard(self) -> str:
        return "jobs.>"


CATALOG: tuple[EventType, ...] = (
    JobType(
        family="jobs", version=1, struct=FetchRequested, stream="JOBS",
        producer="scheduler", consumers=("worker",),
    ),
    EventType(
        family="balances.observed", version=1, struct=BalancesObserved, stream="EVENTS",
        producer="worker", consumers=("aggregator",),
    ),
    EventType(
        family="totals.reported", version=1, struct=TotalsReported, stream="EVENTS",
        producer="worker", consumers=("aggregator",),
    ),
    EventType(
        family="prices.observed", version=1, struct=PricesObserved, stream="EVENTS",
        producer="worker", consumers=("aggregator",),
    ),
    EventType(
        family="prices.withdrawn", version=1, struct=PricesWithdrawn, stream="EVENTS",
        producer="reparse", consumers=("aggregator",),
    ),
    EventType(
        family="returns.reported", version=1, struct=ReturnsReported, stream="EVENTS",
        producer="worker", consumers=("aggregator",),
    ),
    EventType(
        family="transfers.observed", version=1, struct=TransfersObserved, stream="EVENTS",
        producer="worker", consumers=("aggregator",),
    ),
    EventType(
        family="clusters.observed", version=1, struct=ClustersObserved, stream="EVENTS",
        producer="worker", consumers=("aggregator",),
    ),
    EventType(
        family="responses.recorded", version=1, struct=ResponseRecorded, stream="RESPONSES",
        producer="worker", consumers=("aggregator",),
    ),
    EventType(
        family="fetches.finished", version=1, struct=FetchFinished, stream="FETCHES",
        producer="worker", consumers=("aggregator",),
    ),
    EventType(
        family="fetches.failed", version=1, struct=FetchFailed, stream="FETCHES",
        producer="worker", consumers=("aggregator",),
    ),
    EventType(
        family="portfolios.revalued", version=1, struct=PortfolioRevalued, stream="PORTFOLIOS",
        producer="aggregator", consumers=(), tail=(),
    ),
    EventType(
        family="portfolios.jumped", version=1, struct=PortfolioJumped, stream="PORTFOLIOS",
        producer="aggregator", consumers=(), tail=(),
    ),
    EventType(
        family="checks.crossed", version=1, struct=CheckCrossed, stream="PORTFOLIOS",
        producer="aggregator", consumers=(), tail=(),
    ),
    EventType(
        family="returns.crossed", version=1, struct=ReturnCrossed, stream="PORTFOLIOS",
        producer="aggregator", consumers=(), tail=(),
    ),
    EventType(
        family="alerts.raised", version=1, struct=AlertRaised, stream="PORTFOLIOS",
        producer="worker, aggregator", consumers=(), tail=(),
    ),
)  # fmt: skip


def event_type(struct: type[Event]) -> EventType:
    return next(kind for kind in CATALOG if kind.struct is struct)


def event_type_of(subject: str) -> EventType | None:
    """The event that travels on a subject; None for a subject that is not in the catalog."""
    if subject.startswith("jobs."):
        return CATALOG[0]
    name = ".".join(subject.split(".", 3)[:3])
    return next((kind for kind in CATALOG if kind.name == name), None)
