"""`[providers.credmark]`"""

from typing import Annotated

from msgspec import Meta, Struct

from holdfast.providers.kit.contract import Budget
from holdfast.settings import Secret


class CredmarkSettings(Struct, frozen=True, kw_only=True):
    api_key: Secret
    base_url: Annotated[str, Meta(pattern="^https?://[^/?#]+$")] = "https://gateway.credmark.com"
    """Without a path."""
    chains: Annotated[str, Meta(pattern="^[0-9]{1,12}(,[0-9]{1,12})*$")] = "1"
    """The chains of which it is asked, as "1,137". Credmark's portfolio API knows Ethereum alone."""
    returns: bool = True
    """Whether to ask for returns as well: of a busy wallet they may take Credmark minutes."""
    requests_per_second: Annotated[float, Meta(gt=0, le=1000)] = 1
    """Credmark publishes no figure."""

    @property
    def budget(self) -> Budget:
        """Below one a second it is one in so many seconds."""
        if self.requests_per_second < 1:
            return Budget(requests=1, per_s=1 / self.requests_per_second)
        return Budget(requests=int(self.requests_per_second), per_s=1)

    @property
    def chain_ids(self) -> frozenset[int]:
        return frozenset(map(int, self.chains.split(",")))
