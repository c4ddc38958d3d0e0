"""Simple return: what there is now, less what there was, less what was put in.

    R = V(end) − V(start) − Σ f_i        Credmark's, from the beginning: R(T) = q(T) · p(T) − Σ f_i

in the currency of the book, realised and unrealised together, without fees of its own (a fee is an outflow).
Source: Credmark, model accounts.token-return 0.10.
"""

from collections.abc import Mapping

from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.ledger.statements import AssetSide
from holdfast.domain.returns.answers import SimpleReturn, Unavailable
from holdfast.domain.returns.book import NOTHING_HELD, Book, Worth, worth_by_asset
from holdfast.domain.returns.refusing import missing_of, without_amounts, without_value


@exactly
def simple_returns_by_asset(book: Book) -> dict[AssetSide, SimpleReturn | Unavailable]:
    """Every asset ever held, also at balance 0. One that was sold needs no price now."""
    if refusal := without_amounts(book, "simple"):
        return dict.fromkeys(book.movements, refusal)
    opening, closing = worth_by_asset(book.opening), worth_by_asset(book.closing)
    return {
        key: _of_asset(book, key, opening.get(key, NOTHING_HELD), closing.get(key, NOTHING_HELD))
        for key in book.in_window
    }


@exactly
def simple_return(book: Book) -> SimpleReturn | Unavailable:
    """Of everything in the book: the sum over its assets."""
    if refusal := without_amounts(book, "simple"):
        return refusal
    return total_of(book, simple_returns_by_asset(book))


def total_of(book: Book, by_asset: Mapping[AssetSide, SimpleReturn | Unavailable]) -> SimpleReturn | Unavailable:
    answers = [answer for answer in by_asset.values() if isinstance(answer, SimpleReturn)]
    if len(answers) < len(by_asset):
        refused = (answer.missing for answer in by_asset.values() if isinstance(answer, Unavailable))
        return without_value(book, "simple", (missing for of in refused for missing in of))
    return SimpleReturn(
        window=book.window,
        currency=book.currency,
        held=None,
        opening=sum((answer.opening for answer in answers), ZERO),
        closing=sum((answer.closing for answer in answers), ZERO),
        invested=sum((answer.invested for answer in answers), ZERO),
        gain=sum((answer.gain for answer in answers), ZERO),
        flows=book.moved,
    )


def _of_asset(book: Book, key: AssetSide, opening: Worth, closing: Worth) -> SimpleReturn | Unavailable:
    flows, invested = book.in_window[key]
    if missing := missing_of(book, key, flows, opening, closing):
        return without_value(book, "simple", missing)
    was, now = opening.worth or ZERO, closing.worth or ZERO
    return SimpleReturn(
        window=book.window,
        currency=book.currency,
        held=closing.held,
        opening=was,
        closing=now,
        invested=invested,
        gain=now - was - invested,
        flows=flows,
    )
