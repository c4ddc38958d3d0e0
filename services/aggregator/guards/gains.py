"""What each asset of a source gained between two reports: by our simple return, and by what a provider reports. Pure.

A provider counts from an account's beginning, we from a source's first statement. The return of both is additive, so
what it grew by from one report to a later one is about the same flows and prices on both sides.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from holdfast.domain.conversion import RateBook
from holdfast.domain.exact import ZERO, difference, exactly, total
from holdfast.domain.ledger.entries import ledger
from holdfast.domain.ledger.statements import LEFT_OUT, Statement
from holdfast.domain.quotes import PriceBook
from holdfast.domain.returns.answers import SimpleReturn, Window
from holdfast.domain.returns.book import build_book
from holdfast.domain.returns.simple import simple_returns_by_asset

Stated = Mapping[str, Decimal | None]
"""A provider's return of each asset ever held, from the account's beginning. None: it could not say."""


class Gain(NamedTuple):
    gain: Decimal
    at_work: Decimal
    """Held at the start, and all that moved since, by size: what a price that is wrong by 1 % may be wrong about."""


NO_GAIN = Gain(ZERO, ZERO)


class Compared(NamedTuple):
    """The sums over those assets of which both sides know the gain."""

    ours: Decimal
    theirs: Decimal
    at_work: Decimal
    assets: int
    left_out: int
    widest: str
    """The asset that they differ most in; empty if they differ in none."""
    apart: Decimal
    """Ours less theirs in it."""


def our_gains(
    statements: Sequence[Statement], window: Window, prices: PriceBook, rates: RateBook, currency: str
) -> dict[str, Gain | None]:
    """By asset, assets and debts together; None where it is unavailable. `statements`: from what stood at the start."""
    book = build_book([ledger(statements, prices)], window=window, prices=prices, rates=rates, currency=currency)
    unknown = _of_unknown_amount(statements)
    gains: dict[str, Gain | None] = dict.fromkeys(unknown)
    for (asset, _), answer in simple_returns_by_asset(book).items():
        before = gains.get(asset, NO_GAIN)
        known = isinstance(answer, SimpleReturn) and before is not None
        gains[asset] = _added(before, answer) if known else None  # type: ignore[arg-type]
    return gains


def their_gains(before: Stated, now: Stated) -> dict[str, Decimal | None]:
    """All that was ever traded is listed: what was not listed before had returned nothing by then."""
    return {asset: _grown(before.get(asset, ZERO), now.get(asset)) for asset in (*before, *now)}


def compare(ours: Mapping[str, Gain | None], theirs: Mapping[str, Decimal | None]) -> Compared:
    """What we never held gained nothing; of what they do not list nothing is known."""
    every = sorted({*ours, *theirs})
    both = {
        asset: (mine, yours)
        for asset in every
        if (mine := ours.get(asset, NO_GAIN)) is not None and (yours := theirs.get(asset)) is not None
    }
    apart = {asset: difference(mine.gain, yours) for asset, (mine, yours) in both.items()}
    widest = max(apart, key=lambda asset: abs(apart[asset]), default="")
    return Compared(
        ours=total(mine.gain for mine, _ in both.values()),
        theirs=total(yours for _, yours in both.values()),
        at_work=total(mine.at_work for mine, _ in both.values()),
        assets=len(both),
        left_out=len(every) - len(both),
        widest=widest if apart.get(widest) else "",
        apart=apart.get(widest, ZERO),
    )


@exactly
def _added(before: Gain, answer: SimpleReturn) -> Gain:
    moved = sum((abs(flow.value) for flow in answer.flows if flow.value is not None), ZERO)
    return Gain(before.gain + answer.gain, before.at_work + abs(answer.opening) + moved)


def _grown(before: Decimal | None, now: Decimal | None) -> Decimal | None:
    return None if before is None or now is None else difference(now, before)


def _of_unknown_amount(statements: Sequence[Statement]) -> set[str]:
    """Assets of which some statement does not say, or says in a way that does not count, how much there is."""
    return {
        line.asset
        for one in statements
        for line in one.lines
        if line.asset is not None and (line.amount is None or line.reason in LEFT_OUT)
    }
