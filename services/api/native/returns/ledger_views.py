"""Ledger entries as the API shows them: flows, and the prices that a value at one instant rests on."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from holdfast.domain.ledger.entries import Entry
from holdfast.domain.money import plain
from holdfast.domain.own_moves import Portion, portions
from holdfast.domain.returns.answers import Missing
from holdfast.domain.returns.book import Book
from holdfast.domain.returns.inputs import flows_of
from holdfast.history.receipts import RECEIPTS
from services.api.currencies import to_text
from services.api.vocabulary import Money, Time


class FlowView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came into (+) a source of the portfolio or went out of it (−). Borrowing is negative, repaying positive."""

    at: Time
    source: str
    account: str
    asset: str
    side: str
    delta: Money
    held: Money
    """From then on, in this source; debt is negative."""
    price: Money | None
    """Of one unit, in US dollars: the source's own at that snapshot, else the price feed's, at most 24 hours old."""
    rate: Money | None
    """So many of the answer's currency for one dollar, at that instant."""
    value: Money | None
    """In the answer's currency; null without a price or a rate."""
    reason: str
    """Why the value is unknown; empty where it is known."""
    transfer: str
    """The transfer that it was read from; empty for a difference of snapshots, and for joining and leaving."""
    crossed: Money | None
    """What of the value came from outside of what is measured, or went there: what returns count as a flow."""
    moved: Money | None
    """What came from another line of the same asset at the same instant, or went there, for what it was worth where it
    left: over all flows it adds up to 0."""
    requoted: Money | None
    """What it is worth more where it arrived, a price effect. The value is the sum of the three; where it is null, so
    are these."""


class MarkView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line at one end of the window and the price it is worth its value with."""

    source: str
    account: str
    asset: str
    side: str
    held: Money
    price: Money | None
    rate: Money | None
    worth: Money | None
    reason: str


class MissingInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A price or rate that would be needed."""

    asset: str
    side: str
    at: Time
    reason: str


def to_flows(book: Book, accounts: Mapping[str, str]) -> list[FlowView]:
    """Of the window, each with what of it only moved within what the book is of."""
    flows = list(flows_of(book))
    return [_to_flow(entry, portion, accounts) for entry, portion in zip(flows, portions(flows), strict=True)]


def _to_flow(entry: Entry, portion: Portion | None, accounts: Mapping[str, str]) -> FlowView:
    source = own_source(entry)
    crossed, moved, requoted = portion or (None, None, None)
    return FlowView(
        at=entry.at,
        source=source,
        account=accounts[source],
        asset=entry.asset,
        side=entry.side,
        delta=plain(entry.delta),
        held=plain(entry.held),
        price=to_text(entry.price),
        rate=None if entry.rate is None else plain(entry.rate.value),
        value=to_text(entry.value),
        reason=entry.reason if entry.value is None else "",
        transfer=entry.transfer,
        crossed=to_text(crossed),
        moved=to_text(moved),
        requoted=to_text(requoted),
    )


def to_mark(entry: Entry, accounts: Mapping[str, str]) -> MarkView:
    source = own_source(entry)
    return MarkView(
        source=source,
        account=accounts[source],
        asset=entry.asset,
        side=entry.side,
        held=plain(entry.held),
        price=to_text(entry.price),
        rate=None if entry.rate is None else plain(entry.rate.value),
        worth=to_text(entry.worth),
        reason=entry.reason if entry.worth is None else "",
    )


def to_missing(missing: Iterable[Missing]) -> list[MissingInput]:
    return [MissingInput(asset=one.asset, side=one.side, at=one.at, reason=one.reason) for one in missing]


def own_source(entry: Entry) -> str:
    """Receipts have a line of their own in the ledger; they are of the same source."""
    return entry.source.removesuffix(RECEIPTS)
