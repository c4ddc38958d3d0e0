"""What a portfolio was worth at the end of a bucket, in US dollars, before it is converted."""

from msgspec import Struct

from holdfast.domain.grids import Bucket
from holdfast.domain.series import Fill
from services.api.native.quality import Known


class Worth(Struct, frozen=True, kw_only=True):
    """Exact decimal text; None where nothing was observed yet."""

    bucket: Bucket
    assets: str | None
    debt: str | None
    fill: Fill
    complete: bool
    """Whether every source had been seen by then."""
    known: Known
