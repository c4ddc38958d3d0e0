"""What came in and went out of an account, as its chain says."""

from holdfast.domain.balances import Block
from holdfast.domain.transfers import CoinMovements, TokenTransfer
from holdfast.events.event import AwareTime, Event, Id, Name


class TransfersObserved(Event, frozen=True, kw_only=True):
    """All transfers of tokens of a source in a range of blocks, and what its coin did in the last of them.

    Of two that speak of one block the one fetched later holds; one that says nothing of the coin leaves what was said.
    """

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
    coin: CoinMovements | None = None
    """From where on the coin is known, and all that it did from there to the end of the range; None: it is not."""
    raw: tuple[str, ...] = ()
