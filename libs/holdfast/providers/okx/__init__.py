"""OKX OnchainOS: DeFi positions of a wallet, platform by platform."""

from holdfast.providers.okx.provider import MANIFEST, build

__all__ = ["MANIFEST", "build"]
