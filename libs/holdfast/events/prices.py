"""What prices a feed stated, and which of them it turned out not to have stated."""

from holdfast.domain.prices import Price
from holdfast.events.event import AwareTime, Event, Id, Name


class PricesObserved(Event, frozen=True, kw_only=True):
    """Prices of any number of assets. Tenant `public` where they are nobody's own."""

    provider: Name
    fetched_at: AwareTime
    job_id: Id
    prices: tuple[Price, ...]
    raw: tuple[str, ...] = ()


class PricesWithdrawn(Event, frozen=True, kw_only=True):
    """Prices that a mistaken parser had read where nothing was stated.

    Of each, all is taken back that its source was taken to say of that instant and that was fetched until then: what
    was fetched later, or is said again, stands.
    """

    provider: Name
    until: AwareTime
    withdrawn_at: AwareTime
    """When the answer was read again."""
    job_id: Id
    """The fetch that had told them last."""
    prices: tuple[Price, ...]
    """As they stood."""
