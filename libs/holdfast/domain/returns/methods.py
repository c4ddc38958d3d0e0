"""Every return method by its name, and what all of them answer."""

from collections.abc import Callable, Mapping
from functools import partial

from msgspec.structs import replace

from holdfast.domain.ledger.statements import AssetSide
from holdfast.domain.money import OutOfRangeError, cut
from holdfast.domain.returns.answers import (
    CostBasisReturn,
    CostMethod,
    Method,
    RateOfReturn,
    SimpleReturn,
    Unavailable,
)
from holdfast.domain.returns.book import Book
from holdfast.domain.returns.cost_basis import cost_basis, cost_basis_by_asset
from holdfast.domain.returns.dietz import modified_dietz
from holdfast.domain.returns.money_weighted import money_weighted_return
from holdfast.domain.returns.refusing import not_observed, unavailable
from holdfast.domain.returns.simple import simple_return, simple_returns_by_asset
from holdfast.domain.returns.time_weighted import time_weighted_return

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
FIGURES = (
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
)
"""The fields of answers that are numbers; each method has some of them."""
Answer = SimpleReturn | CostBasisReturn | RateOfReturn | Unavailable


def measure(book: Book, method: Method, *, asset: AssetSide | None = None, lots: bool = False) -> Answer:
    """Of everything in the book, or of the one asset that the book is about; figures at the stored scale."""
    if refusal := not_observed(book, method):
        return refusal
    try:
        return _cut(_BY_METHOD[method](book, asset, lots))
    except OutOfRangeError as error:
        return unavailable(book, method, "out_of_range", str(error))


def _cut(answer: Answer) -> Answer:
    figures = {name: getattr(answer, name, None) for name in FIGURES}
    return replace(answer, **{name: cut(number).value for name, number in figures.items() if number is not None})


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
