"""`[providers.ecb]`"""

from typing import Annotated

from msgspec import Meta, Struct


class EcbSettings(Struct, frozen=True, kw_only=True):
    """`[providers.ecb]`; there is no key."""

    base_url: Annotated[str, Meta(pattern="^https?://[^?#]+[^?#/]$")] = "https://www.ecb.europa.eu/stats/eurofxref"
    """Where the tables eurofxref-daily.xml and eurofxref-hist-90d.xml are."""
    portal_url: Annotated[str, Meta(pattern="^https?://[^?#]+[^?#/]$")] = "https://data-api.ecb.europa.eu"
    """The Data Portal, which has the past."""
    currencies: tuple[str, ...] | str = ()
    """What the target * stands for: asset ids, as "iso4217:USD,iso4217:GBP"; empty takes every currency there is."""
