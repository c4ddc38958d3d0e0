"""A node per EVM chain of the world: JSON-RPC at `/rpc/<chain id>`."""

from services.simulator.upstreams.evm.node import EvmNodes

__all__ = ["EvmNodes"]
