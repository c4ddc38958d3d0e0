"""Where CoinGecko keeps an asset: a coin by its id, a token by platform and contract.

Source: https://docs.coingecko.com/reference/asset-platforms-list and /reference/coins-list.
"""

from collections.abc import Mapping
from typing import NamedTuple

from holdfast.providers.kit.pricing import NotPricedError

PLATFORMS = {
    "eip155:1": "ethereum",
    "eip155:10": "optimistic-ethereum",
    "eip155:25": "cronos",
    "eip155:56": "binance-smart-chain",
    "eip155:100": "xdai",
    "eip155:137": "polygon-pos",
    "eip155:250": "fantom",
    "eip155:324": "zksync",
    "eip155:8453": "base",
    "eip155:42161": "arbitrum-one",
    "eip155:42220": "celo",
    "eip155:43114": "avalanche",
    "eip155:59144": "linea",
    "eip155:81457": "blast",
    "eip155:534352": "scroll",
    "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp": "solana",
    "tron:0x2b6653dc": "tron",
}
"""Asset platforms by CAIP-2 chain."""

COINS = {
    "eip155:1/slip44:60": "ethereum",
    "eip155:10/slip44:60": "ethereum",
    "eip155:25/slip44:394": "crypto-com-chain",
    "eip155:56/slip44:714": "binancecoin",
    "eip155:100/slip44:700": "xdai",
    "eip155:137/slip44:966": "polygon-ecosystem-token",
    "eip155:250/slip44:1007": "fantom",
    "eip155:324/slip44:60": "ethereum",
    "eip155:8453/slip44:60": "ethereum",
    "eip155:42161/slip44:60": "ethereum",
    "eip155:42220/slip44:52752": "celo",
    "eip155:43114/slip44:9005": "avalanche-2",
    "eip155:59144/slip44:60": "ethereum",
    "eip155:81457/slip44:60": "ethereum",
    "eip155:534352/slip44:60": "ethereum",
    "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/slip44:501": "solana",
    "bip122:000000000019d6689c085ae165831e93/slip44:0": "bitcoin",
    "tron:0x2b6653dc/slip44:195": "tron",
}
"""Native coins by CAIP-19 asset. A coin of one name on two chains is listed where it is the same coin."""

_TOKENS = {"erc20", "token", "trc20"}


class Place(NamedTuple):
    platform: str
    """Empty for a coin."""
    id: str
    """A coin's id, or a contract as the answers spell it."""


def locate(asset: str, *, coins: Mapping[str, str], platforms: Mapping[str, str]) -> Place:
    """`coins` and `platforms` are the operator's own, and win. Raises NotPricedError: unknown chain or asset."""
    if known := coins.get(asset) or COINS.get(asset):
        return Place("", known)
    chain, slash, token = asset.partition("/")
    namespace, _, reference = token.partition(":")
    if not slash or namespace not in _TOKENS:
        raise NotPricedError("unknown_asset")
    platform = platforms.get(chain) or PLATFORMS.get(chain)
    if platform is None:
        raise NotPricedError("unknown_chain")
    return Place(platform, reference)
