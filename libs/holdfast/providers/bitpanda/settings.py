"""`[providers.bitpanda]`"""

from typing import Annotated

from msgspec import Meta, Struct

from holdfast.providers.kit.contract import Budget
from holdfast.settings import Secret


class BitpandaSettings(Struct, frozen=True, kw_only=True):
    api_key: Secret
    user: Annotated[str, Meta(pattern=r"^[^\s:/.*>]{1,128}$")]
    """Your label for the user whose key this is: the account is `bitpanda:<user>`. The upstream has no id for it."""
    url: Annotated[str, Meta(pattern="^https?://[^?#]+$")] = "https://tapi-production.trustology-prod.com/graphql"
    requests_per_second: Annotated[float, Meta(gt=0, le=1000)] = 1
    """The upstream publishes no figure, only that bursts are answered 429."""

    @property
    def budget(self) -> Budget:
        """Below one a second it is one in so many seconds."""
        if self.requests_per_second < 1:
            return Budget(requests=1, per_s=1 / self.requests_per_second)
        return Budget(requests=int(self.requests_per_second), per_s=1)
