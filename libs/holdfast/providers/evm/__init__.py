"""Native coins and ERC-20 tokens of any EVM chain, read at one block over JSON-RPC."""

from holdfast.providers.evm.provider import MANIFEST, build, targets_with_past

__all__ = ["MANIFEST", "build", "targets_with_past"]
