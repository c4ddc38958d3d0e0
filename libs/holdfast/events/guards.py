"""What the aggregator noticed when it compared numbers: two that disagree, two returns, and a total that jumped."""

from decimal import Decimal
from typing import Literal

from holdfast.events.event import AwareTime, Event, Name


class CheckCrossed(Event, frozen=True, kw_only=True):
    """A cross-check left its tolerance, or came back into it. Money is in US dollars."""

    check: Literal["reported_total", "other_source"]
    """A provider's own total against the sum of its lines, or two providers' statements of one account and scope."""
    account: str
    source: str
    """Whose lines are ours: tenant/provider/account/scope."""
    against: str
    """The source that says otherwise: the same one for a total that the provider reports."""
    platform: str = ""
    """Empty: the whole source."""
    at: AwareTime
    """The instant of the other's statement, at which the two were compared."""
    verdict: Literal["within", "outside"]
    ours: Decimal
    theirs: Decimal
    tolerance: Decimal
    """The share of the greater of the two that they may differ by."""
    asset: str | None = None
    """Of two sources: the asset that they differ most in."""
    asset_difference: Decimal | None = None
    """Ours less theirs, in that asset alone."""
    latest: bool
    """Whether this is how the check stands now; else something of the past became known."""


class ReturnCrossed(Event, frozen=True, kw_only=True):
    """What a provider says that a source returned left its tolerance against ours, or came back. In US dollars."""

    account: str
    source: str
    """tenant/provider/account/scope: whose lines ours is worked out from, and who reported theirs."""
    since: AwareTime
    at: AwareTime
    """Of the two reports between which the return grew; ours is over the same time."""
    verdict: Literal["within", "outside"]
    ours: Decimal
    theirs: Decimal
    tolerance: Decimal
    """The share of the money at work, or of the greater of the two if that is more, that they may differ by."""
    asset: str | None = None
    """The asset that they differ most in."""
    asset_difference: Decimal | None = None
    """Ours less theirs, in that asset alone."""
    latest: bool
    """Whether this is how the check stands now; else something of the past became known."""


class PortfolioJumped(Event, frozen=True, kw_only=True):
    """A total moved further between two points than it may unseen. Money is in US dollars."""

    portfolio: Name
    bucket: AwareTime
    """The hour (its start, UTC) at whose end it had jumped."""
    since: AwareTime
    """The hour of the point before."""
    version: str
    """As PortfolioRevalued has it, of the point: of two events for one bucket the greater is right."""
    net: Decimal
    net_before: Decimal
    ratio: Decimal | None = None
    """How far it moved, as a share of what it was; null where it was 0."""
    asset: str | None
    """The asset that moved most; null for lines that name none."""
    cause: Literal["price", "amount", "source_joined", "source_left", "valued", "unvalued", "excluded", "counted"]
    """What moved it: its price, how much there is, a source that came or went, a value that became known or was lost,
    a line left out or counted again."""
    asset_value: Decimal | None
    asset_value_before: Decimal | None
    """Signed: debt is below zero. Null where it was not held, or had no value."""
    price_source: str | None
    price_source_before: str | None
    latest: bool
