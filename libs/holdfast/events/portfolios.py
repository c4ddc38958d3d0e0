"""What the aggregator computed, published after the rows are stored."""

from decimal import Decimal

from holdfast.events.event import AwareTime, Event, Name


class PortfolioRevalued(Event, frozen=True, kw_only=True):
    """A portfolio has a new value at an hourly point. Sums are in `currency`; unknown lines are only counted."""

    portfolio: Name
    bucket: AwareTime
    """The hour (its start, UTC) that this is the value at the end of."""
    as_of: AwareTime
    """The newest observation in it."""
    latest: bool
    """Whether this is the portfolio's newest point, that is its current value."""
    version: str
    """Decimal digits of a number that grows with the inputs seen: of two events for one bucket the greater is right."""
    currency: str
    assets: Decimal
    debt: Decimal
    net: Decimal
    lines: int
    lines_unpriced: int
    lines_excluded: int
    oldest_input: AwareTime
