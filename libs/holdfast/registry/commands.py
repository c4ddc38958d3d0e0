"""What a caller asks the registry for, before validation fills in the defaults."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypedDict

from msgspec import Struct

from holdfast.providers.kit.contract import Manifest
from holdfast.registry.records import Member

Catalogue = Mapping[str, Manifest]
"""The providers there are, by name: `{name: module.manifest for name, module in discover().items()}`."""


class SourceChoice(Struct, frozen=True, kw_only=True):
    """One provider to fetch one scope of an account. What is left out has the manifest's default."""

    provider: str
    feed: str = "balances"
    scope: str = ""
    every_s: int | None = None
    counted: bool | None = None
    """None: the first listed of a scope counts, unless another one of that scope says that it does."""


class PortfolioWish(TypedDict, total=False):
    """What may be said of a portfolio, as keyword arguments."""

    name: str
    """Left out: as its id."""
    base_currency: str
    members: Sequence[Member]
    jump_ratio: Decimal | None
