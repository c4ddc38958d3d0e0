"""What a return method answers, as JSON: every method in one shape, null where a field is not the method's."""

from collections.abc import Sequence

from msgspec import Struct

from holdfast.domain.balances import Side
from holdfast.domain.ledger.statements import AssetSide
from holdfast.domain.money import plain
from holdfast.domain.returns import methods
from holdfast.domain.returns.answers import CostBasisReturn, Disposal, Lot, Method, RateOfReturn, Unavailable
from holdfast.domain.returns.book import Book
from holdfast.domain.returns.methods import FIGURES, Answer
from services.api.currencies import to_text
from services.api.native.returns.ledger_views import MissingInput, to_missing
from services.api.vocabulary import Money, Time


class DisposalView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sale, or one repayment of debt: gain = proceeds − cost."""

    asset: str
    side: Side
    at: Time
    quantity: Money
    proceeds: Money
    cost: Money
    gain: Money


class LotView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left of one acquisition; of average cost there is one for all of an asset."""

    asset: str
    side: Side
    opened_at: Time
    quantity: Money
    cost: Money


class ReturnView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One method's answer, in the answer's currency. Unknown is null and has a reason, never 0."""

    method: Method
    available: bool
    reason: str | None
    """Why there is none."""
    detail: str | None
    missing: list[MissingInput]
    """The prices and rates that it would need."""
    covered: Money | None
    """With `value_only`: the share of the value that is stated with amounts."""
    gain: Money | None
    """simple, and every cost method: closing − opening − invested."""
    opening: Money | None
    """Worth at the start of the window; 0 from the beginning."""
    closing: Money | None
    invested: Money | None
    """The sum of the flows of the window."""
    realised: Money | None
    unrealised: Money | None
    """At the end: worth − cost."""
    unrealised_opening: Money | None
    cost: Money | None
    """Of what is still held."""
    held: Money | None
    """At the end, of one asset; debt is negative."""
    rate: Money | None
    """A fraction: 0.05 is 5 %."""
    annual: bool | None
    """True for a rate per year of 365 days, false for one over the whole window."""
    disposals: list[DisposalView] | None
    """On request: what was sold or repaid in the window, in order of time."""
    lots: list[LotView] | None
    """On request: what is left, in order of opening."""


def measure(
    book: Book, wanted: Sequence[Method], *, asset: AssetSide | None = None, lots: bool = False
) -> list[ReturnView]:
    """By each of the methods, of everything in the book, or of the one asset that the book is about."""
    return [to_view(answer, lots=lots) for answer in methods.measure(book, wanted, asset=asset, lots=lots)]


def to_view(answer: Answer, *, lots: bool) -> ReturnView:
    fields: dict[str, object] = dict.fromkeys(ReturnView.__struct_fields__)
    fields |= {"method": answer.method, "available": not isinstance(answer, Unavailable), "missing": []}
    if isinstance(answer, Unavailable):
        fields |= {"reason": answer.reason, "detail": answer.detail, "missing": to_missing(answer.missing)}
        return ReturnView(**fields | {"covered": to_text(answer.covered)})  # type: ignore[arg-type]
    fields |= {name: to_text(getattr(answer, name, None)) for name in FIGURES}
    if isinstance(answer, RateOfReturn):
        fields |= {"annual": answer.annual}
    if isinstance(answer, CostBasisReturn) and lots:
        fields |= {
            "disposals": [_to_disposal(one) for one in answer.disposals],
            "lots": [_to_lot(one) for one in answer.lots],
        }
    return ReturnView(**fields)  # type: ignore[arg-type]


def _to_disposal(one: Disposal) -> DisposalView:
    return DisposalView(
        asset=one.asset,
        side=one.side,
        at=one.at,
        quantity=plain(one.quantity),
        proceeds=plain(one.proceeds),
        cost=plain(one.cost),
        gain=plain(one.gain),
    )


def _to_lot(one: Lot) -> LotView:
    return LotView(
        asset=one.asset,
        side=one.side,
        opened_at=one.opened_at,
        quantity=plain(one.quantity),
        cost=plain(one.cost),
    )
