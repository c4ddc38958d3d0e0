"""`[providers.coingecko]`"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from msgspec import Meta, Struct

from holdfast.providers.kit.contract import Budget
from holdfast.settings import Secret

Plan = Literal["public", "demo", "pro"]

KEY_HEADERS: Mapping[Plan, str] = MappingProxyType({"demo": "x-cg-demo-api-key", "pro": "x-cg-pro-api-key"})
_ADDRESSES: Mapping[Plan, str] = MappingProxyType({
    "public": "https://api.coingecko.com/api/v3",
    "demo": "https://api.coingecko.com/api/v3",
    "pro": "https://pro-api.coingecko.com/api/v3",
})  # fmt: skip
_CONTRACTS: Mapping[Plan, int] = MappingProxyType({"public": 1, "demo": 1, "pro": 30})


class CoingeckoSettings(Struct, frozen=True, kw_only=True):
    """`[providers.coingecko]`"""

    plan: Plan = "demo"
    """A key of one plan is refused at the other's address. `public` asks without a key, by IP address."""
    api_key: Secret = Secret("")
    base_url: Annotated[str, Meta(pattern="^(https?://[^?#]+[^?#/])?$")] = ""
    """The plan's own if left empty."""
    assets: tuple[str, ...] | str = ()
    """What the target * stands for: asset ids, as a list or as one text with commas."""
    coins: dict[str, str] = {}
    """Further assets by the id that CoinGecko has for them, as "bitpanda:BEST" = "bitpanda-ecosystem-token"."""
    platforms: dict[str, str] = {}
    """Further chains by the id of CoinGecko's asset platform, as "eip155:1329" = "sei-v2"."""
    requests_per_minute: Annotated[int, Meta(ge=1, le=10_000)] = 30
    """The demo plan has 30 to 100, paid ones 250 and more; refused requests count as well."""
    coins_per_request: Annotated[int, Meta(ge=1, le=250)] = 100
    contracts_per_request: Annotated[int, Meta(ge=0, le=250)] = 0
    """0 takes what the plan allows: 1 without a paid plan, 30 with one."""

    @property
    def address(self) -> str:
        return self.base_url or _ADDRESSES[self.plan]

    @property
    def contracts(self) -> int:
        return self.contracts_per_request or _CONTRACTS[self.plan]

    @property
    def budget(self) -> Budget:
        return Budget(requests=self.requests_per_minute, per_s=60)
