"""What DefiLlama calls an asset: `<chain>:<contract>`, or `coingecko:<id>` for a coin.

Source: https://api-docs.defillama.com (coins), and the chain names of github.com/DefiLlama/defillama-sdk.
"""

from collections.abc import Mapping

from holdfast.providers.kit.pricing import NotPricedError

CHAINS = {
    "eip155:1": "ethereum",
    "eip155:10": "optimism",
    "eip155:25": "cronos",
    "eip155:56": "bsc",
    "eip155:100": "xdai",
    "eip155:137": "polygon",
    "eip155:250": "fantom",
    "eip155:324": "era",
    "eip155:8453": "base",
    "eip155:42161": "arbitrum",
    "eip155:42220": "celo",
    "eip155:43114": "avax",
    "eip155:59144": "linea",
    "eip155:81457": "blast",
    "eip155:534352": "scroll",
    "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp": "solana",
    "tron:0x2b6653dc": "tron",
}
"""By CAIP-2 chain."""

COINS = {
    "eip155:1/slip44:60": "coingecko:ethereum",
    "eip155:10/slip44:60": "coingecko:ethereum",
    "eip155:25/slip44:394": "coingecko:crypto-com-chain",
    "eip155:56/slip44:714": "coingecko:binancecoin",
    "eip155:100/slip44:700": "coingecko:xdai",
    "eip155:137/slip44:966": "coingecko:polygon-ecosystem-token",
    "eip155:250/slip44:1007": "coingecko:fantom",
    "eip155:324/slip44:60": "coingecko:ethereum",
    "eip155:8453/slip44:60": "coingecko:ethereum",
    "eip155:42161/slip44:60": "coingecko:ethereum",
    "eip155:42220/slip44:52752": "coingecko:celo",
    "eip155:43114/slip44:9005": "coingecko:avalanche-2",
    "eip155:59144/slip44:60": "coingecko:ethereum",
    "eip155:81457/slip44:60": "coingecko:ethereum",
    "eip155:534352/slip44:60": "coingecko:ethereum",
    "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/slip44:501": "coingecko:solana",
    "bip122:000000000019d6689c085ae165831e93/slip44:0": "coingecko:bitcoin",
    "tron:0x2b6653dc/slip44:195": "coingecko:tron",
}
"""Native coins by CAIP-19 asset."""

_TOKENS = {"erc20", "token", "trc20"}


def name_of(asset: str, *, coins: Mapping[str, str], chains: Mapping[str, str]) -> str:
    """`coins` and `chains` are the operator's own, and win. Raises NotPricedError: unknown chain or asset."""
    if known := coins.get(asset) or COINS.get(asset):
        return known
    chain, slash, token = asset.partition("/")
    namespace, _, reference = token.partition(":")
    if not slash or namespace not in _TOKENS:
        raise NotPricedError("unknown_asset")
    name = chains.get(chain) or CHAINS.get(chain)
    if name is None:
        raise NotPricedError("unknown_chain")
    return f"{name}:{reference}"
