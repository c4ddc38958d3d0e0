"""What prices a feed stated."""

from holdfast.domain.prices import Price
from holdfast.events.event import AwareTime, Event, Id, Name


class PricesObserved(Event, frozen=True, kw_only=True):
    """Prices of any number of assets. Tenant `public` where they are nobody's own."""

    provider: Name
    fetched_at: AwareTime
    job_id: Id
    prices: tuple[Price, ...]
    raw: tuple[str, ...] = ()
