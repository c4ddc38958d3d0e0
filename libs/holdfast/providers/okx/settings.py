"""`[providers.okx]`"""

from typing import Annotated

from msgspec import Meta, Struct

from holdfast.providers.kit.contract import Budget
from holdfast.providers.okx.wire import Version
from holdfast.settings import Secret


class OkxSettings(Struct, frozen=True, kw_only=True):
    api_key: Secret
    secret_key: Secret
    passphrase: Secret
    project: str = ""
    """The project id that older keys must send; newer ones have none."""
    base_url: Annotated[str, Meta(pattern="^https?://[^/?#]+$")] = "https://web3.okx.com"
    version: Version = "v6"
    requests_per_second: Annotated[float, Meta(gt=0, le=1000)] = 1
    """OKX publishes no figure; live clients settle at 1."""
    platforms_per_request: Annotated[int, Meta(ge=1, le=100)] = 20
    """How many platforms a v6 detail request names; v5 takes one."""

    @property
    def budget(self) -> Budget:
        """Below one a second it is one in so many seconds."""
        if self.requests_per_second < 1:
            return Budget(requests=1, per_s=1 / self.requests_per_second)
        return Budget(requests=int(self.requests_per_second), per_s=1)
