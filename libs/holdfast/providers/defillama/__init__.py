"""DefiLlama: prices in USD of coins and of tokens by chain and contract, with a confidence each."""

from holdfast.providers.defillama.provider import MANIFEST, build

__all__ = ["MANIFEST", "build"]
