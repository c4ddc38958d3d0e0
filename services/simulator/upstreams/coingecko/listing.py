"""What CoinGecko lists of this world: coins by id, tokens by platform and contract."""

from collections.abc import Mapping

from services.simulator.world.chains import ARBITRUM, BASE, ETHEREUM, POLYGON, SOLANA
from services.simulator.world.tokens import ETH, POL, SOL, TOKENS, Token

PLATFORMS = {
    "ethereum": ETHEREUM,
    "polygon-pos": POLYGON,
    "base": BASE,
    "arbitrum-one": ARBITRUM,
    "solana": SOLANA,
}
COINS: Mapping[str, Token] = {"ethereum": ETH, "polygon-ecosystem-token": POL, "solana": SOL}
CONTRACTS: Mapping[tuple[str, str], Token] = {
    (platform, token.address.lower() if chain.is_evm else token.address): token
    for platform, chain in PLATFORMS.items()
    for token in TOKENS
    if token.chain is chain and token.address and token.path is not None
}
"""By platform and contract, 0x ones in lower case."""
