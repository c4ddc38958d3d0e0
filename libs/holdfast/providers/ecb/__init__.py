"""European Central Bank: the euro's daily reference rates."""

from holdfast.providers.ecb.provider import MANIFEST, build

__all__ = ["MANIFEST", "build"]
