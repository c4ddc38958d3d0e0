"""How a window of history is asked for: in series of at most 200 points that share the point at each seam.

The upstream leaves out what exceeds 200 points without a word, and does not say whether it steps from the start
or from the end. Each series is a whole number of steps long, so both are the same; and the shared point makes
sure that nothing is lost at a seam, whichever end turns out not to be included.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from holdfast.domain.jobs import JobWindow
from holdfast.providers.bitpanda.wire import FIRST_DAY, MOST_POINTS, PERIODS, PortfolioRequest, TimePeriod

PERIOD_OF: dict[int, TimePeriod] = {int(step.total_seconds()): period for period, step in PERIODS.items()}
"""By seconds."""


def to_requests(window: JobWindow) -> Iterator[PortfolioRequest]:
    """Newest first; none where the whole window lies before there was anything."""
    period, step = PERIOD_OF[window.every_s], timedelta(seconds=window.every_s)
    earliest = max(window.start, FIRST_DAY)
    if window.end < earliest:
        return
    end, steps = window.end, (window.end - earliest) // step
    while True:
        taken = min(steps, MOST_POINTS - 1)
        yield _request(end - taken * step, end, period)
        end, steps = end - taken * step, steps - taken
        if not steps:
            return


def _request(start: datetime, end: datetime, period: TimePeriod) -> PortfolioRequest:
    """A single point is asked for by its end alone, without relying on a series of length one."""
    if start == end:
        return PortfolioRequest(end_date=end)
    return PortfolioRequest(start_date=start, end_date=end, time_period=period)
