"""CoinGecko: market prices in USD of coins and of tokens by contract."""

from holdfast.providers.coingecko.provider import MANIFEST, build

__all__ = ["MANIFEST", "build"]
