"""Custody: users whose coins another holds for them, stated at whole hours.

Amounts and prices are functions of the instant, as everywhere in the world. What a user has is stated for an hour,
and its value in other currencies at a rate of twelve minutes later, as the real system's own example shows; while
those twelve minutes have not passed, at the rate of now.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from services.simulator.world.curves import Fixed, Holding, Moved, held
from services.simulator.world.draws import between
from services.simulator.world.fiat import CURRENCIES
from services.simulator.world.instants import at_second, since_genesis
from services.simulator.world.numbers import EXACT, cut, product
from services.simulator.world.prices import PRICE_DECIMALS, PricePath, Quote, price_at
from services.simulator.world.tokens import ETH, SOL, USDC, WBTC

STATED_DECIMALS = 15
"""Of values and totals: what is below is dropped."""
RATED_AFTER = timedelta(minutes=12)
FIRST_HOUR = datetime.fromisoformat("2021-02-16T00:00:00Z")
"""Custody begins then."""

FIAT = ("USD", "EUR", *(currency.code for currency in CURRENCIES if currency.code != "USD"))
_PER_EURO = {currency.code: currency.path for currency in CURRENCIES}


class CustodyAsset(Struct, frozen=True, kw_only=True):
    symbol: str
    """The custodian's own id."""
    name: str
    decimals: int
    usual: int
    """About how many whole units a user has."""
    path: PricePath | None = None
    """None: nobody converts it."""
    answers: bool = True
    """False: its amount can never be had."""


ASSETS = (
    CustodyAsset(symbol="ETH", name="Ethereum", decimals=18, usual=320, path=ETH.path),
    CustodyAsset(symbol="BTC", name="Bitcoin", decimals=8, usual=25, path=WBTC.path),
    CustodyAsset(symbol="SOL", name="Solana", decimals=9, usual=4_000, path=SOL.path),
    CustodyAsset(symbol="USDC_2", name="USD Coin", decimals=6, usual=150_000, path=USDC.path),
    CustodyAsset(symbol="RADIX", name="Radix", decimals=18, usual=900_000),
    CustodyAsset(symbol="XDC", name="XDC Network", decimals=18, usual=70_000, answers=False),
)
BY_SYMBOL = {asset.symbol: asset for asset in ASSETS}


class Custody(Struct, frozen=True, kw_only=True):
    """One user. The label is ours: the custodian knows users by their keys alone."""

    user: str
    holdings: dict[str, Holding]
    """By symbol."""

    @property
    def account(self) -> str:
        return f"bitpanda:{self.user}"


class CustodyLine(Struct, frozen=True, kw_only=True):
    asset: CustodyAsset
    amount: Decimal | None
    """None: the custodian could not get it."""


def build_custody(seed: int) -> tuple[Custody, ...]:
    return (Custody(user="harbour", holdings={asset.symbol: _holding(seed, "harbour", asset) for asset in ASSETS}),)


def _holding(seed: int, user: str, asset: CustodyAsset) -> Holding:
    """An opening balance, and what goes out and comes back in periods of two to nine days."""
    name = f"custody/{user}/{asset.symbol}"
    usual = asset.usual * 10**asset.decimals
    opening = between(seed, f"{name}/opening", usual // 4 + 1, usual)
    period_s = 86_400 * between(seed, f"{name}/period", 2, 9)
    return Holding(plus=(Fixed(raw=opening),), minus=(Moved(name=name, cap=opening // 3, period_s=period_s),))


def hour_of(instant: datetime) -> datetime:
    """The newest whole hour at or before it."""
    return at_second(since_genesis(instant) // 3_600 * 3_600)


def rated_at(hour: datetime, now: datetime) -> datetime:
    return min(hour + RATED_AFTER, now)


def custody_lines(seed: int, custody: Custody, hour: datetime) -> list[CustodyLine]:
    return [_line(seed, custody, asset, hour) for asset in ASSETS]


def _line(seed: int, custody: Custody, asset: CustodyAsset, hour: datetime) -> CustodyLine:
    if not asset.answers:
        return CustodyLine(asset=asset, amount=None)
    raw = held(seed, custody.holdings[asset.symbol], hour)
    return CustodyLine(asset=asset, amount=EXACT.scaleb(Decimal(raw), -asset.decimals))


def quote_of(seed: int, currency: str, instant: datetime) -> Quote | None:
    """US dollars for one unit of an asset or a fiat currency; None where nobody converts it."""
    if currency in FIAT:
        return _fiat_quote(seed, currency, instant)
    path = BY_SYMBOL[currency].path
    return price_at(seed, path, instant) if path is not None else None


def _fiat_quote(seed: int, code: str, instant: datetime) -> Quote:
    """The market's, hour by hour; the central bank publishes the same once a day."""
    if code == "USD":
        return Quote(at_second(since_genesis(instant)), Decimal(1))
    euro = price_at(seed, _PER_EURO["USD"], instant)
    if code == "EUR":
        return euro
    return Quote(euro.at, cut(EXACT.divide(euro.price, price_at(seed, _PER_EURO[code], instant).price), PRICE_DECIMALS))


def converted(seed: int, amount: Decimal, currency: str, into: str, instant: datetime) -> Decimal | None:
    """As the custodian states it; None where there is no rate for one of the two."""
    price, unit = quote_of(seed, currency, instant), quote_of(seed, into, instant)
    if price is None or unit is None:
        return None
    return cut(EXACT.divide(product(amount, price.price), unit.price), STATED_DECIMALS)
