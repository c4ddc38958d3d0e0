"""Native coins by chain id: SLIP-44 coin type, symbol, name.

A chain that is not here takes coin type 60, as EVM wallets derive their keys, and its symbol from
the settings.

Source: https://github.com/satoshilabs/slips/blob/master/slip-0044.md; https://chainlist.org.
"""

from typing import NamedTuple


class Coin(NamedTuple):
    slip44: int
    symbol: str
    name: str

    def asset(self, chain: str) -> str:
        """CAIP-19, as `eip155:1/slip44:60`."""
        return f"{chain}/slip44:{self.slip44}"


DECIMALS = 18
"""Of every chain's coin: the EVM counts in wei."""

ETHER = Coin(60, "ETH", "Ether")

COINS = {
    1: ETHER,
    10: ETHER,  # OP Mainnet
    14: Coin(554, "FLR", "Flare"),
    25: Coin(394, "CRO", "Cronos"),
    30: Coin(137, "RBTC", "Rootstock Smart Bitcoin"),
    50: Coin(550, "XDC", "XDC"),
    56: Coin(714, "BNB", "BNB"),
    61: Coin(61, "ETC", "Ether Classic"),
    100: Coin(700, "XDAI", "xDai"),
    137: Coin(966, "POL", "POL"),
    250: Coin(1007, "FTM", "Fantom"),
    324: ETHER,  # ZKsync Era
    1284: Coin(1284, "GLMR", "Glimmer"),
    1285: Coin(1285, "MOVR", "Moonriver"),
    8217: Coin(8217, "KAIA", "Kaia"),
    8453: ETHER,  # Base
    31337: ETHER,  # a local node's default
    42161: ETHER,  # Arbitrum One
    42220: Coin(52752, "CELO", "Celo"),
    43114: Coin(9005, "AVAX", "Avalanche"),
    59144: ETHER,  # Linea
    81457: ETHER,  # Blast
    534352: ETHER,  # Scroll
    11155111: ETHER,  # Sepolia
}


def coin_of(chain_id: int, *, symbol: str = "") -> Coin:
    """The native coin of a chain; a configured `symbol` wins over the table's."""
    known = COINS.get(chain_id)
    if known is None:
        return Coin(60, symbol, symbol)
    return Coin(known.slip44, symbol, symbol) if symbol and symbol != known.symbol else known
