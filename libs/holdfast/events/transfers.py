"""What came in and went out of an account, as its chain logged it."""

from holdfast.domain.balances import Block
from holdfast.domain.transfers import TokenTransfer
from holdfast.events.event import AwareTime, Event, Id, Name


class TransfersObserved(Event, frozen=True, kw_only=True):
    """All transfers of a source in a range of blocks. Of two that speak of one block the one fetched later holds."""

    provider: Name
    account: str
    scope: Name
    after: Block
    """The last block before the range."""
    until: Block
    """The last block of the range."""
    fetched_at: AwareTime
    job_id: Id
    transfers: tuple[TokenTransfer, ...]
    raw: tuple[str, ...] = ()
