"""Everything that crosses NATS: one file per family of messages, and `catalog.py` as their index."""

from holdfast.events.alerts import AlertRaised
from holdfast.events.balances import BalancesObserved, TotalsReported
from holdfast.events.catalog import CATALOG, EventType, event_type, event_type_of
from holdfast.events.clusters import ClustersObserved
from holdfast.events.fetches import FetchFailed, FetchFinished
from holdfast.events.guards import CheckCrossed, PortfolioJumped, ReturnCrossed
from holdfast.events.jobs import FetchRequested
from holdfast.events.portfolios import PortfolioRevalued
from holdfast.events.prices import PricesObserved, PricesWithdrawn
from holdfast.events.responses import ResponseRecorded
from holdfast.events.returns import ReturnsReported
from holdfast.events.transfers import TransfersObserved

__all__ = [
    "CATALOG",
    "AlertRaised",
    "BalancesObserved",
    "CheckCrossed",
    "ClustersObserved",
    "EventType",
    "FetchFailed",
    "FetchFinished",
    "FetchRequested",
    "PortfolioJumped",
    "PortfolioRevalued",
    "PricesObserved",
    "PricesWithdrawn",
    "ResponseRecorded",
    "ReturnCrossed",
    "ReturnsReported",
    "TotalsReported",
    "TransfersObserved",
    "event_type",
    "event_type_of",
]
