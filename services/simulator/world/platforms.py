"""The DeFi platforms of the world, with the numbers that OKX gives them."""

from msgspec import Struct


class Platform(Struct, frozen=True, kw_only=True):
    id: int
    name: str
    url: str
    detailed: bool = True
    """Whether OKX knows its positions; else it states a value and no more."""


AAVE = Platform(id=10, name="Aave V3", url="https://app.aave.com")
LIDO = Platform(id=44, name="Lido", url="https://stake.lido.fi")
UNISWAP = Platform(id=67, name="Uniswap V2", url="https://app.uniswap.org")
CURVE = Platform(id=82, name="Curve", url="https://curve.finance")
SABLIER = Platform(id=118_265, name="Sablier", url="https://app.sablier.com")
GMX = Platform(id=130_411, name="GMX", url="https://app.gmx.io", detailed=False)
MARINADE = Platform(id=120_114, name="Marinade", url="https://marinade.finance")

PLATFORMS = (AAVE, LIDO, UNISWAP, CURVE, SABLIER, GMX, MARINADE)
