"""DeFi positions: what a wallet has lent, borrowed, staked, pooled, locked or been granted.

A template makes the same kind of position for every wallet of a role, each with its own amounts.
"""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from services.simulator.world import platforms, tokens
from services.simulator.world.curves import Accrued, Bought, Fixed, Holding, Moved, Vesting
from services.simulator.world.draws import between
from services.simulator.world.platforms import Platform
from services.simulator.world.tokens import Token

Kind = Literal["deposit", "borrowed", "staked", "locked", "liquidity", "reward", "vesting"]


class Leg(Struct, frozen=True, kw_only=True):
    """One asset of a position. What is `borrowed` is debt."""

    token: Token
    kind: Kind
    holding: Holding


class Position(Struct, frozen=True, kw_only=True):
    id: int
    """Unique in its world."""
    name: str
    platform: Platform
    kind: Kind
    """Of the position as a whole: lending is `deposit`, whatever was borrowed against it."""
    legs: tuple[Leg, ...]
    receipt: Token | None = None
    """The token in the wallet that stands for the legs."""
    shares: Holding = Holding()
    """How much of the receipt the wallet holds."""


class Opener(Struct, frozen=True, kw_only=True):
    """Who opens a position, and the draws that are its own."""

    seed: int
    id: int
    name: str

    def raw(self, what: str, token: Token, low: int, high: int) -> int:
        """Between `low` and `high` whole units of the token, down to its last decimal."""
        unit = 10**token.decimals
        return between(self.seed, f"{self.name}/{what}", low * unit, high * unit)


def _lending(
    opener: Opener, *, platform: Platform, supplied: Token, borrowed: Token | None, receipt: Token | None, size: int
) -> Position:
    supply = Holding(plus=(Accrued(principal=opener.raw("supply", supplied, size, 4 * size), yearly_ppm=38_000),))
    legs = [Leg(token=supplied, kind="deposit", holding=supply)]
    if borrowed is not None:
        owed = opener.raw("borrow", borrowed, borrowed.usual // 20 + 1, borrowed.usual // 5 + 2)
        debt = Holding(plus=(Accrued(principal=owed, yearly_ppm=27_000),))
        legs.append(Leg(token=borrowed, kind="borrowed", holding=debt))
    return Position(
        id=opener.id,
        name=f"{platform.name} {supplied.symbol}",
        platform=platform,
        kind="deposit",
        legs=tuple(legs),
        receipt=receipt,
        shares=supply,
    )


def _aave(opener: Opener) -> Position:
    return _lending(
        opener, platform=platforms.AAVE, supplied=tokens.USDC, borrowed=tokens.ETH, receipt=tokens.A_USDC, size=60_000
    )


def _polygon_aave(opener: Opener) -> Position:
    return _lending(
        opener,
        platform=platforms.AAVE,
        supplied=tokens.POLYGON_USDC,
        borrowed=None,
        receipt=tokens.POLYGON_A_USDC,
        size=9_000,
    )


def _arbitrum_aave(opener: Opener) -> Position:
    return _lending(
        opener,
        platform=platforms.AAVE,
        supplied=tokens.ARBITRUM_ETH,
        borrowed=tokens.ARBITRUM_USDC,
        receipt=None,
        size=7,
    )


def _lido(opener: Opener) -> Position:
    """stETH grows in the wallet itself; a reward in LDO waits to be claimed."""
    staked = Holding(plus=(Accrued(principal=opener.raw("stake", tokens.ETH, 8, 64), yearly_ppm=31_000),))
    grant = Accrued(principal=opener.raw("reward", tokens.LDO, 500, 900), yearly_ppm=52_000, keep_principal=False)
    return Position(
        id=opener.id,
        name="stETH",
        platform=platforms.LIDO,
        kind="staked",
        legs=(
            Leg(token=tokens.ETH, kind="staked", holding=staked),
            Leg(token=tokens.LDO, kind="reward", holding=Holding(plus=(grant,))),
        ),
        receipt=tokens.STETH,
        shares=staked,
    )


def _pool(opener: Opener, *, coin: Token, dollar: Token, receipt: Token, coins: int) -> Position:
    """Others trade against the pool: what comes in on one side has bought from the other."""
    name = f"{opener.name}/trades"
    coin_reserve = opener.raw("pool", coin, coins, 3 * coins)
    dollar_reserve = coin_reserve * 2_400 * 10**dollar.decimals // 10**coin.decimals
    sold = Moved(name=name, cap=coin_reserve // 10, period_s=420)
    bought = Bought(sold=sold, sold_reserve=coin_reserve, bought_reserve=dollar_reserve)
    return Position(
        id=opener.id,
        name=f"{coin.symbol}/{dollar.symbol}",
        platform=platforms.UNISWAP,
        kind="liquidity",
        legs=(
            Leg(token=coin, kind="liquidity", holding=Holding(plus=(Fixed(raw=coin_reserve), sold))),
            Leg(token=dollar, kind="liquidity", holding=Holding(plus=(Fixed(raw=dollar_reserve),), minus=(bought,))),
        ),
        receipt=receipt,
        shares=Holding(plus=(Fixed(raw=coin_reserve // 20_000),)),
    )


def _uniswap(opener: Opener) -> Position:
    return _pool(opener, coin=tokens.ETH, dollar=tokens.USDC, receipt=tokens.ETHEREUM_LP, coins=9)


def _base_uniswap(opener: Opener) -> Position:
    return _pool(opener, coin=tokens.BASE_ETH, dollar=tokens.BASE_USDC, receipt=tokens.BASE_LP, coins=2)


def _curve(opener: Opener) -> Position:
    locked = Holding(plus=(Fixed(raw=opener.raw("lock", tokens.CRV, 20_000, 90_000)),))
    return Position(
        id=opener.id,
        name="veCRV",
        platform=platforms.CURVE,
        kind="locked",
        legs=(Leg(token=tokens.CRV, kind="locked", holding=locked),),
    )


def _sablier(opener: Opener) -> Position:
    """Thirty decimals and eight whole digits: amounts of 38 significant digits."""
    grant = Vesting(total=opener.raw("grant", tokens.FINE, 30_000_000, 90_000_000), cycle_s=180 * 86_400)
    return Position(
        id=opener.id,
        name="Stream",
        platform=platforms.SABLIER,
        kind="vesting",
        legs=(Leg(token=tokens.FINE, kind="vesting", holding=Holding(plus=(grant,))),),
    )


def _gmx(opener: Opener) -> Position:
    """Known by its value alone."""
    worth = Accrued(principal=opener.raw("stake", tokens.ARB, 4_000, 16_000), yearly_ppm=110_000)
    return Position(
        id=opener.id,
        name="GLP",
        platform=platforms.GMX,
        kind="staked",
        legs=(Leg(token=tokens.ARB, kind="staked", holding=Holding(plus=(worth,))),),
    )


def _marinade(opener: Opener) -> Position:
    staked = Accrued(principal=opener.raw("stake", tokens.SOL, 120, 480), yearly_ppm=71_000)
    return Position(
        id=opener.id,
        name="mSOL",
        platform=platforms.MARINADE,
        kind="staked",
        legs=(Leg(token=tokens.SOL, kind="staked", holding=Holding(plus=(staked,))),),
    )


TEMPLATES: dict[str, Callable[[Opener], Position]] = {
    "aave": _aave,
    "polygon-aave": _polygon_aave,
    "arbitrum-aave": _arbitrum_aave,
    "lido": _lido,
    "uniswap": _uniswap,
    "base-uniswap": _base_uniswap,
    "curve": _curve,
    "sablier": _sablier,
    "gmx": _gmx,
    "marinade": _marinade,
}


def open_positions(seed: int, wallet: int, names: tuple[str, ...]) -> tuple[Position, ...]:
    return tuple(
        TEMPLATES[name](Opener(seed=seed, id=100_000 + wallet * 10 + place, name=f"position/{wallet}/{name}"))
        for place, name in enumerate(names)
    )
