"""OKX OnchainOS: DeFi positions of a wallet, platform by platform; clusters of a token's holders."""

from holdfast.providers.okx.provider import MANIFEST, build

__all__ = ["MANIFEST", "build"]
