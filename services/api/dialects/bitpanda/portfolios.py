"""From what is known to the schema's Portfolio objects, newest first."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from graphql import GraphQLError
from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.conversion import MissingRate
from holdfast.providers.bitpanda.wire import to_text
from services.api.dialects.bitpanda.amounts import Amount, Converter, product, to_currency
from services.api.dialects.bitpanda.holdings import Holding, Holdings, read_holdings, total_of
from services.api.dialects.bitpanda.instants import Point
from services.api.dialects.bitpanda.symbols import to_symbol
from services.api.rates import read_rates
from services.api.resources import Resources


class Subject(Struct, frozen=True, kw_only=True):
    """Whose portfolio it is."""

    api: Resources
    tenant: str
    portfolio: str
    now: datetime
    loop: asyncio.AbstractEventLoop
    """Where the warehouse is asked; queries are executed in threads."""

    @property
    def base(self) -> str:
        """An asset id. A portfolio that is gone since its key was made is counted in dollars."""
        found = self.api.registry.portfolios.get((self.tenant, self.portfolio))
        return found.base_currency if found else USD


async def read_portfolios(subject: Subject, points: Sequence[Point], codes: Collection[str]) -> list[dict[str, Any]]:
    """`codes`: the currencies that will be converted into."""
    instants = sorted({point.as_of for point in points})
    held = await read_holdings(subject.api, subject.tenant, subject.portfolio, instants, now=subject.now)
    assets = _assets(held)
    wanted = {found for code in codes if not isinstance(found := to_currency(code, assets), GraphQLError)}
    rates = await read_rates(subject.api, wanted | {subject.base}, instants)
    converter = Converter(rates=rates, assets=assets)
    return [_to_portfolio(point, held[point.as_of], subject.base, converter) for point in points if point.as_of in held]


def _assets(held: Holdings) -> dict[str, str]:
    """By symbol. A coin on several chains is one: the id with the greatest value stands for it."""
    found: dict[str, str] = {}
    for holding in (one for holdings in held.values() for one in holdings):
        if holding.asset is not None:
            found.setdefault(holding.wire_symbol, holding.asset)
    return found


def _to_portfolio(point: Point, holdings: Sequence[Holding], base: str, converter: Converter) -> dict[str, Any]:
    shown = [one for one in holdings if one.asset is not None and one.lines]
    return {
        "timestamp": to_text(point.hour),
        "total": _to_total(point, holdings, base, converter),
        "balances": {"items": [_to_balance(point, one, converter) for one in shown], "nextToken": None},
    }


def _to_total(point: Point, holdings: Sequence[Holding], base: str, converter: Converter) -> Amount:
    dollars = total_of(holdings)
    found = converter.rates.find(USD, base, point.as_of)
    rate = None if isinstance(found, MissingRate) else found
    return Amount(
        number=product(dollars, rate) if rate else None,
        asset=base,
        currency=to_symbol(base, ""),
        at=point.hour,
        dollars=dollars,
        as_of=point.as_of,
        rated_at=rate.oldest if rate else None,
        converter=converter,
    )


def _to_balance(point: Point, holding: Holding, converter: Converter) -> dict[str, Any]:
    asset, symbol = str(holding.asset), holding.wire_symbol
    amount = Amount(
        number=None if holding.amount is None else Decimal(holding.amount),
        asset=asset,
        currency=symbol,
        at=holding.observed_at,
        dollars=holding.dollars,
        as_of=point.as_of,
        rated_at=holding.price_at,
        converter=converter,
    )
    named = {"symbol": symbol, "displaySymbol": holding.ticker, "name": holding.symbol or holding.ticker}
    return {"asset": named | {"type": holding.asset_type, "chain": holding.chain}, "amount": amount}
