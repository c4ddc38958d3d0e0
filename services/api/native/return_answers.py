"""What a return method answers, as JSON: every method in one shape, null where a field is not the method's."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial

from msgspec import Struct

from holdfast.domain.ledger.statements import AssetSide
from holdfast.domain.money import OutOfRangeError, cut, plain
from holdfast.domain.returns.answers import (
    CostBasisReturn,
    CostMethod,
    Disposal,
    Lot,
    Method,
    RateOfReturn,
    SimpleReturn,
    Unavailable,
)
from holdfast.domain.returns.book import Book
from holdfast.domain.returns.cost_basis import cost_basis, cost_basis_by_asset
from holdfast.domain.returns.dietz import modified_dietz
from holdfast.domain.returns.money_weighted import money_weighted_return
from holdfast.domain.returns.refusing import unavailable
from holdfast.domain.returns.simple import simple_return, simple_returns_by_asset
from holdfast.domain.returns.time_weighted import time_weighted_return
from services.api.currencies import to_text
from services.api.native.ledger_views import MissingInput, to_missing
from services.api.vocabulary import Money, Time

METHODS: tuple[Method, ...] = (
    "simple",
    "average_cost",
    "fifo",
    "lifo",
    "hifo",
    "time_weighted",
    "modified_dietz",
    "money_weighted",
)
Answer = SimpleReturn | CostBasisReturn | RateOfReturn | Unavailable


class DisposalView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sale, or one repayment of debt: gain = proceeds − cost."""

    at: Time
    quantity: Money
    proceeds: Money
    cost: Money
    gain: Money


class LotView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left of one acquisition; of average cost there is one for all."""

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
    """On request: what was sold or repaid in the window."""
    lots: list[LotView] | None
    """On request: what is left, in order of opening."""


def measure(book: Book, method: Method, *, asset: AssetSide | None = None, lots: bool = False) -> ReturnView:
    """Of everything in the book, or of the one asset that the book is about."""
    try:
        return to_view(_BY_METHOD[method](book, asset, lots), lots=lots)
    except OutOfRangeError as error:
        return to_view(unavailable(book, method, "out_of_range", str(error)), lots=lots)


def to_view(answer: Answer, *, lots: bool) -> ReturnView:
    fields: dict[str, object] = dict.fromkeys(ReturnView.__struct_fields__)
    fields |= {"method": answer.method, "available": not isinstance(answer, Unavailable), "missing": []}
    if isinstance(answer, Unavailable):
        fields |= {"reason": answer.reason, "detail": answer.detail, "missing": to_missing(answer.missing)}
        return ReturnView(**fields | {"covered": to_text(answer.covered)})  # type: ignore[arg-type]
    fields |= {name: _text(getattr(answer, name)) for name in _NUMBERS if hasattr(answer, name)}
    if isinstance(answer, RateOfReturn):
        fields |= {"annual": answer.annual}
    if isinstance(answer, CostBasisReturn) and lots:
        fields |= {
            "disposals": [_to_disposal(one) for one in answer.disposals],
            "lots": [_to_lot(one) for one in answer.lots],
        }
    return ReturnView(**fields)  # type: ignore[arg-type]


_NUMBERS = (
    "gain",
    "opening",
    "closing",
    "invested",
    "realised",
    "unrealised",
    "unrealised_opening",
    "cost",
    "held",
    "rate",
)  # fmt: skip


def _text(number: Decimal | None) -> str | None:
    return None if number is None else plain(cut(number).value)


def _to_disposal(one: Disposal) -> DisposalView:
    return DisposalView(
        at=one.at,
        quantity=plain(one.quantity),
        proceeds=plain(one.proceeds),
        cost=plain(one.cost),
        gain=plain(one.gain),
    )


def _to_lot(one: Lot) -> LotView:
    return LotView(opened_at=one.opened_at, quantity=plain(one.quantity), cost=plain(one.cost))


def _simple(book: Book, asset: AssetSide | None, _lots: bool) -> Answer:
    return simple_return(book) if asset is None else simple_returns_by_asset(book)[asset]


def _cost(method: CostMethod, book: Book, asset: AssetSide | None, lots: bool) -> Answer:
    if asset is None:
        return cost_basis(book, method, detail=lots)
    return cost_basis_by_asset(book, method, detail=lots)[asset]


_BY_METHOD: Mapping[Method, Callable[[Book, AssetSide | None, bool], Answer]] = {
    "simple": _simple,
    "average_cost": partial(_cost, "average_cost"),
    "fifo": partial(_cost, "fifo"),
    "lifo": partial(_cost, "lifo"),
    "hifo": partial(_cost, "hifo"),
    "time_weighted": lambda book, *_: time_weighted_return(book),
    "modified_dietz": lambda book, *_: modified_dietz(book),
    "money_weighted": lambda book, *_: money_weighted_return(book),
}
