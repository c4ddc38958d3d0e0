"""The chains of the world."""

from msgspec import Struct


class Chain(Struct, frozen=True, kw_only=True):
    id: str
    """CAIP-2."""
    index: str
    """What OKX calls it: the EIP-155 number, 501 for Solana."""
    name: str
    coin: str
    """CAIP-19 of the native coin."""
    block_s: int = 2
    first_block: int = 0
    """Its number at genesis."""
    multicall: bool = True
    """Whether Multicall3 is deployed there."""

    @property
    def is_evm(self) -> bool:
        return self.id.startswith("eip155:")


ETHEREUM = Chain(id="eip155:1", index="1", name="ETH", coin="eip155:1/slip44:60", block_s=12, first_block=9_193_266)
POLYGON = Chain(id="eip155:137", index="137", name="POLYGON", coin="eip155:137/slip44:966", multicall=False)
BASE = Chain(id="eip155:8453", index="8453", name="BASE", coin="eip155:8453/slip44:60")
ARBITRUM = Chain(id="eip155:42161", index="42161", name="ARBITRUM", coin="eip155:42161/slip44:60")
SOLANA = Chain(
    id="solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",
    index="501",
    name="SOL",
    coin="solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/slip44:501",
)

CHAINS = (ETHEREUM, POLYGON, BASE, ARBITRUM, SOLANA)
