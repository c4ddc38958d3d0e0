"""`[providers.okx]`"""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from holdfast.providers.kit.contract import Budget
from holdfast.providers.okx.wire import Version
from holdfast.settings import Secret

Scale = Literal["fraction", "percent", "unknown"]
Unit = Literal["seconds", "minutes", "hours", "days", "unknown"]


class ClusterSettings(Struct, frozen=True, kw_only=True):
    """How figures of token clusters are to be read: OKX states neither their scale nor their unit.

    The defaults are what live clients observe; the documentation's examples read otherwise. Each answer is
    checked against itself, and one that contradicts a setting is refused. `unknown` leaves the figure out.
    """

    share_scale: Scale = "fraction"
    """Of holdingPercent, of clusters and of the greatest holders."""
    overview_scale: Scale = "percent"
    change_scale: Scale = "fraction"
    """Of pnlPercent, averageBuyPricePercent and averageSellPricePercent."""
    period_unit: Unit = "seconds"
    """Of averageHoldingPeriod."""
    overview: bool = True
    """Whether the overview is fetched too: one more request a fetch."""
    top_holders: bool = True
    """Whether the greatest 10, 50 and 100 are fetched too: three more requests a fetch."""
    supplies: dict[str, Decimal] = {}
    """Total supplies by token (CAIP-19), in units of the token: what `share_scale` is checked against."""


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
    clusters: ClusterSettings = ClusterSettings()

    @property
    def budget(self) -> Budget:
        """Below one a second it is one in so many seconds."""
        if self.requests_per_second < 1:
            return Budget(requests=1, per_s=1 / self.requests_per_second)
        return Budget(requests=int(self.requests_per_second), per_s=1)
