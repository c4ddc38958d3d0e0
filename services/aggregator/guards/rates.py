"""What a check has seen of exchange rates: a part of its version."""

from holdfast.domain.conversion import MissingRate, Rate
from holdfast.warehouse.rows import stored_time
from services.aggregator.placing import milliseconds


def rate_seen(rate: Rate | MissingRate) -> int:
    """Grows as better rates come: newer ones, and one instead of two. Below 2^76; 0 where none is needed or there."""
    if isinstance(rate, MissingRate) or not rate.path:
        return 0
    newest = max(milliseconds(stored_time(leg.at)) for leg in rate.path)
    return ((len(rate.path) == 1) << 75) + (newest << 16)
