"""Every return method by its name, and what all of them answer."""

from collections.abc import Callable, Collection, Mapping, Sequence

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
from holdfast.domain.returns.cost_basis import cost_bases, cost_bases_by_asset
from holdfast.domain.returns.dietz import modified_dietz
from holdfast.domain.returns.money_weighted import money_weighted_return
from holdfast.domain.returns.refusing import not_observed, unavailable
from holdfast.domain.returns.simple import simple_return, simple_returns_by_asset
from holdfast.domain.returns.time_weighted import time_weighted_return

COST_METHODS: tuple[CostMethod, ...] = ("average_cost", "fifo", "lifo", "hifo")
METHODS: tuple[Method, ...] = ("simple", *COST_METHODS, "time_weighted", "modified_dietz", "money_weighted")
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


def measure(
    book: Book, methods: Sequence[Method], *, asset: AssetSide | None = None, lots: bool = False
) -> list[Answer]:
    """By each of the methods, of everything in the book, or of the one asset that the book is about; figures at the
    stored scale. What methods have in common is worked out once."""
    refused = [refusal for method in methods if (refusal := not_observed(book, method))]
    if refused:
        return list(refused)
    by_cost = _by_cost(book, methods, asset, lots=lots)
    return [_measured(book, method, asset, by_cost) for method in methods]


def _measured(book: Book, method: Method, asset: AssetSide | None, by_cost: Mapping[Method, Answer]) -> Answer:
    try:
        return _cut(by_cost[method] if method in by_cost else _BY_METHOD[method](book, asset))
    except OutOfRangeError as error:
        return unavailable(book, method, "out_of_range", str(error))


def _cut(answer: Answer) -> Answer:
    figures = {name: getattr(answer, name, None) for name in FIGURES}
    return replace(answer, **{name: cut(number).value for name, number in figures.items() if number is not None})


def _by_cost(
    book: Book, methods: Collection[Method], asset: AssetSide | None, *, lots: bool
) -> Mapping[Method, Answer]:
    wanted = [method for method in COST_METHODS if method in methods]
    if not wanted:
        return {}
    if asset is None:
        return dict(cost_bases(book, wanted, detail=lots).items())
    return {method: of[asset] for method, of in cost_bases_by_asset(book, wanted, detail=lots).items()}


def _simple(book: Book, asset: AssetSide | None) -> Answer:
    return simple_return(book) if asset is None else simple_returns_by_asset(book)[asset]


_BY_METHOD: Mapping[Method, Callable[[Book, AssetSide | None], Answer]] = {
    "simple": _simple,
    "time_weighted": lambda book, _: time_weighted_return(book),
    "modified_dietz": lambda book, _: modified_dietz(book),
    "money_weighted": lambda book, _: money_weighted_return(book),
}
