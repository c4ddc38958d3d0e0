"""What the types of a message cannot say: numbers in range, ids canonical, parts that add up.

Decoding accepts every spelling that Python's Decimal does ("NaN", "1e400", "1_000"), because a
Struct cannot tell them apart. `check` is the one place that refuses what may not be stored: a
producer calls it before publishing, every consumer after decoding. A line costs a few comparisons.
"""

from collections.abc import Callable
from typing import Any

from holdfast.events.alerts import AlertRaised
from holdfast.events.balances import BalancesObserved, TotalsReported
from holdfast.events.checks.fetching import check_failed, check_finished, check_request, check_response
from holdfast.events.checks.fields import InvalidMessageError
from holdfast.events.checks.market import check_clusters, check_prices, check_withdrawn
from holdfast.events.checks.portfolios import (
    check_alert,
    check_crossed,
    check_jumped,
    check_return_crossed,
    check_revalued,
)
from holdfast.events.checks.statements import check_balances, check_returns, check_totals
from holdfast.events.checks.transfers import check_transfers
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

__all__ = ["InvalidMessageError", "check"]


def check(message: Event) -> None:
    """Raises InvalidMessageError naming the first field that is wrong."""
    _CHECKS[type(message)](message)


_CHECKS: dict[type[Event], Callable[[Any], None]] = {
    BalancesObserved: check_balances,
    TotalsReported: check_totals,
    PricesObserved: check_prices,
    PricesWithdrawn: check_withdrawn,
    ReturnsReported: check_returns,
    ClustersObserved: check_clusters,
    TransfersObserved: check_transfers,
    ResponseRecorded: check_response,
    FetchRequested: check_request,
    FetchFinished: check_finished,
    FetchFailed: check_failed,
    PortfolioRevalued: check_revalued,
    PortfolioJumped: check_jumped,
    CheckCrossed: check_crossed,
    ReturnCrossed: check_return_crossed,
    AlertRaised: check_alert,
}
