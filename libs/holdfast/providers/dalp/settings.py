"""`[providers.dalp]`"""

from typing import Annotated

from msgspec import Meta, Struct

from holdfast.providers.kit.contract import Budget
from holdfast.settings import Secret


class DalpSettings(Struct, frozen=True, kw_only=True):
    api_key: Secret
    """`sm_dalp_…`; it reads one participant, in the organisation that was active when it was made."""
    base_url: Annotated[str, Meta(pattern="^https?://[^/?#]+$")]
    """Of the deployment, without a path."""
    organization: str = ""
    """Sent as x-organization-id: needed where the key's owner belongs to several."""
    base_currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "USD"
    """That of the organisation. DALP's answers do not name it."""
    chain: Annotated[str, Meta(pattern="^([-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32})?$")] = ""
    """CAIP-2 of the chain that the tokens are on, as eip155:137. Empty: tokens get ids of DALP's own."""
    requests_per_second: Annotated[float, Meta(gt=0, le=1000)] = 1
    """DALP publishes no figure."""
    page_size: Annotated[int, Meta(ge=1, le=200)] = 50

    @property
    def budget(self) -> Budget:
        """Below one a second it is one in so many seconds."""
        if self.requests_per_second < 1:
            return Budget(requests=1, per_s=1 / self.requests_per_second)
        return Budget(requests=int(self.requests_per_second), per_s=1)
