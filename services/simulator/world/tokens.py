"""The assets of the world: native coins, and tokens with all the manners that real ones have.

Addresses of well-known tokens are their real ones; those of invented tokens spell what they are for.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from services.simulator.world.chains import ARBITRUM, BASE, ETHEREUM, POLYGON, SOLANA, Chain
from services.simulator.world.prices import PricePath

_ETHER = PricePath(name="ETH", base=Decimal("2471.35"))
_DOLLAR = PricePath(name="USDC", base=Decimal("0.9998"), step_s=3_600, swing_ppm=900)


class Token(Struct, frozen=True, kw_only=True):
    """One asset on one chain."""

    asset: str
    """CAIP-19, 0x references in lower case."""
    chain: Chain
    address: str = ""
    """Empty for the native coin; EIP-55 spelling of a contract; a mint on Solana."""
    symbol: str
    name: str
    decimals: int
    usual: int
    """About how many whole units a wallet holds."""
    path: PricePath | None = None
    """None: nobody quotes it."""
    label: Literal["string", "bytes32"] = "string"
    """How the contract returns its symbol and name."""
    balance_of: Literal["answers", "reverts", "empty"] = "answers"
    receipt: bool = False
    """It stands for a DeFi position: only who has the position holds it."""


# The tokens below are a table: columns are told by their place.
def _coin(  # noqa: PLR0917
    chain: Chain, symbol: str, name: str, decimals: int, usual: int, path: PricePath
) -> Token:
    return Token(asset=chain.coin, chain=chain, symbol=symbol, name=name, decimals=decimals, usual=usual, path=path)


def _erc20(  # noqa: PLR0917
    chain: Chain,
    address: str,
    symbol: str,
    name: str,
    decimals: int,
    usual: int,
    path: PricePath | None = None,
    *,
    label: Literal["string", "bytes32"] = "string",
    balance_of: Literal["answers", "reverts", "empty"] = "answers",
    receipt: bool = False,
) -> Token:
    return Token(
        asset=f"{chain.id}/erc20:{address.lower()}",
        chain=chain,
        address=address,
        symbol=symbol,
        name=name,
        decimals=decimals,
        usual=usual,
        path=path,
        label=label,
        balance_of=balance_of,
        receipt=receipt,
    )


def _path(name: str, base: str, **more: int) -> PricePath:
    return PricePath(name=name, base=Decimal(base), **more)


ETH = _coin(ETHEREUM, "ETH", "Ether", 18, 40, _ETHER)
POL = _coin(POLYGON, "POL", "POL", 18, 9_000, _path("POL", "0.2176"))
BASE_ETH = _coin(BASE, "ETH", "Ether", 18, 6, _ETHER)
ARBITRUM_ETH = _coin(ARBITRUM, "ETH", "Ether", 18, 11, _ETHER)
SOL = _coin(SOLANA, "SOL", "Solana", 9, 700, _path("SOL", "148.62"))

USDC = _erc20(ETHEREUM, "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USDC", "USD Coin", 6, 90_000, _DOLLAR)
USDT = _erc20(
    ETHEREUM, "0xdAC17F958D2ee523a2206206994597C13D831ec7", "USDT", "Tether USD", 6, 55_000,
    _path("USDT", "1.0003", step_s=3_600, swing_ppm=1_100),
)  # fmt: skip
WBTC = _erc20(
    ETHEREUM, "0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599", "WBTC", "Wrapped BTC", 8, 3, _path("WBTC", "67412.5")
)
DAI = _erc20(
    ETHEREUM, "0x6B175474E89094C44Da98b954EedeAC495271d0F", "DAI", "Dai Stablecoin", 18, 30_000,
    _path("DAI", "0.9995", step_s=3_600, swing_ppm=1_500),
)  # fmt: skip
MKR = _erc20(
    ETHEREUM,
    "0x9f8F72aA9304c8B593d555F12eF6589cC3A579A2",
    "MKR",
    "Maker",
    18,
    25,
    _path("MKR", "1538.4"),
    label="bytes32",
)
CRV = _erc20(
    ETHEREUM, "0xD533a949740bb3306d119CC777fa900bA034cd52", "CRV", "Curve DAO Token", 18, 80_000, _path("CRV", "0.4127")
)
LDO = _erc20(
    ETHEREUM, "0x5A98FcBEA516Cf06857215779Fd812CA3beF1B32", "LDO", "Lido DAO Token", 18, 12_000, _path("LDO", "1.1385")
)
HOLD30 = _erc20(
    ETHEREUM, "0x3f1ad20c87be4659f02b7c1d5e98a64470b3c030", "HOLD30", "Holdfast Note 2030", 0, 12,
    _path("HOLD30", "1003.25", step_s=3_600, swing_ppm=20_000),
)  # fmt: skip
"""No decimals: whole units only."""
FINE = _erc20(
    ETHEREUM,
    "0x91c4e7d3065fb82aa1903e6cd7f24b58e60d1c1e",
    "FINE",
    "Finely Divided",
    30,
    40_000_000,
    _path("FINE", "0.000731"),
)
"""Thirty decimals: amounts of up to 38 significant digits, and products below what is stored."""
QUIET = _erc20(ETHEREUM, "0x5d08b6f1e47a3c92d65019fe8b7c24a3d1e06f55", "QUIET", "Quiet Token", 18, 5_000)
"""Nobody quotes it."""
FROZEN = _erc20(
    ETHEREUM, "0xc2f95a7e160d48b3e7a1d9035c68f4b20e7a9d11", "FROZEN", "Frozen Token", 18, 1_000, _path("FROZEN", "2.5"),
    balance_of="reverts",
)  # fmt: skip
GONE = _erc20(
    ETHEREUM, "0x0e6bd3917f5c42a8b90d1c7e34f6a85d20c9be77", "GONE", "Self-Destructed", 18, 1_000, _path("GONE", "4"),
    balance_of="empty",
)  # fmt: skip
A_USDC = _erc20(
    ETHEREUM,
    "0x98C23E9d8f34FEFb1B7BD6a91B7FF122F4e16F5c",
    "aEthUSDC",
    "Aave Ethereum USDC",
    6,
    0,
    _DOLLAR,
    receipt=True,
)
STETH = _erc20(
    ETHEREUM,
    "0xae7ab96520DE3A18E5e111B5EaAb095312D7fE84",
    "stETH",
    "Liquid staked Ether 2.0",
    18,
    0,
    _ETHER,
    receipt=True,
)
ETHEREUM_LP = _erc20(
    ETHEREUM, "0xB4e16d0168e52d35CaCD2c6185b44281Ec28C9Dc", "UNI-V2", "Uniswap V2", 18, 0,
    _path("UNI-V2", "93250000"), receipt=True,
)  # fmt: skip

POLYGON_USDC = _erc20(POLYGON, "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359", "USDC", "USD Coin", 6, 20_000, _DOLLAR)
POLYGON_WETH = _erc20(POLYGON, "0x7ceB23fD6bC0adD59E62ac25578270cFf1b9f619", "WETH", "Wrapped Ether", 18, 4, _ETHER)
POLYGON_A_USDC = _erc20(
    POLYGON,
    "0xA4D94019934D8333Ef880ABFFbF2FDd611C762BD",
    "aPolUSDCn",
    "Aave Polygon USDCn",
    6,
    0,
    _DOLLAR,
    receipt=True,
)
BASE_USDC = _erc20(BASE, "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "USDC", "USD Coin", 6, 15_000, _DOLLAR)
BASE_LP = _erc20(
    BASE, "0x88A43bbDF9D098eEC7bCEda4e2494615dfD9bB9C", "UNI-V2", "Uniswap V2", 18, 0,
    _path("BASE-UNI-V2", "91700000"), receipt=True,
)  # fmt: skip
ARBITRUM_USDC = _erc20(ARBITRUM, "0xaf88d065e77c8cC2239327C5EDb3A432268e5831", "USDC", "USD Coin", 6, 40_000, _DOLLAR)
ARB = _erc20(
    ARBITRUM, "0x912CE59144191C1204E64559FE8253a0e49E6548", "ARB", "Arbitrum", 18, 30_000, _path("ARB", "0.3491")
)
SOLANA_USDC = Token(
    asset=f"{SOLANA.id}/token:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
    chain=SOLANA,
    address="EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
    symbol="USDC",
    name="USD Coin",
    decimals=6,
    usual=25_000,
    path=_DOLLAR,
)

TOKENS = (
    ETH, USDC, USDT, WBTC, DAI, MKR, CRV, LDO, HOLD30, FINE, QUIET, FROZEN, GONE, A_USDC, STETH, ETHEREUM_LP,
    POL, POLYGON_USDC, POLYGON_WETH, POLYGON_A_USDC,
    BASE_ETH, BASE_USDC, BASE_LP,
    ARBITRUM_ETH, ARBITRUM_USDC, ARB,
    SOL, SOLANA_USDC,
)  # fmt: skip
