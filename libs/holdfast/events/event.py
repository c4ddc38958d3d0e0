"""What every event has."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

AwareTime = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,62}$")]
"""What can stand in a subject: see holdfast.domain.sources.check_name."""
Id = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A past fact. Its id is deterministic: made from what it says, and the same whenever that is said."""

    id: Id
    tenant: Name
