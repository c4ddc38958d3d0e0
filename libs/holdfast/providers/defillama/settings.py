"""`[providers.defillama]`"""

from typing import Annotated

from msgspec import Meta, Struct

from holdfast.providers.kit.contract import Budget
from holdfast.settings import Secret


class DefillamaSettings(Struct, frozen=True, kw_only=True):
    """`[providers.defillama]`"""

    api_key: Secret = Secret("")
    """Of the paid API, which takes it in the path; the open one needs none."""
    base_url: Annotated[str, Meta(pattern="^(https?://[^?#]+[^?#/])?$")] = ""
    """https://coins.llama.fi if left empty, with a key https://pro-api.llama.fi."""
    assets: tuple[str, ...] | str = ()
    """What the target * stands for: asset ids, as a list or as one text with commas."""
    coins: dict[str, str] = {}
    """Further assets by DefiLlama's own name, as "bitpanda:BEST" = "coingecko:bitpanda-ecosystem-token"."""
    chains: dict[str, str] = {}
    """Further chains by DefiLlama's name, as "eip155:1329" = "sei"."""
    min_confidence_percent: Annotated[int, Meta(ge=0, le=100)] = 90
    """Below it a price is left out; 0 takes every price, also those that state no confidence."""
    search_width: Annotated[str, Meta(pattern="^[0-9]{1,6}[smhd]?$")] = "4h"
    """How far from the instant asked for a price may be; its own instant is kept in any case."""
    requests_per_minute: Annotated[int, Meta(ge=1, le=10_000)] = 120
    """DefiLlama publishes no figure for the open API; live clients use up to 500."""
    coins_per_request: Annotated[int, Meta(ge=1, le=150)] = 60
    """They stand in the path: 150 are about 8,000 characters."""

    @property
    def budget(self) -> Budget:
        return Budget(requests=self.requests_per_minute, per_s=60)
