"""The stored rates that the amounts of one answer may need: out of US dollars, at each of its instants."""

from collections.abc import Iterable
from datetime import datetime

from holdfast.domain.assets import USD
from holdfast.domain.conversion import RateBook
from holdfast.history.prices import read_rate_book
from services.api.resources import Resources


async def read_rates(
    api: Resources, currencies: Iterable[str], instants: Iterable[datetime], *, known_at: datetime | None = None
) -> RateBook:
    """Whatever a conversion from US dollars into these may go through: direct, inverse, or one hop.

    With `known_at`: of the rates that were recorded by then.
    """
    wanted = set(currencies) - {USD}
    if not wanted:
        return RateBook()
    return await read_rate_book(
        api.warehouse, wanted, instants=sorted(set(instants)), known_at=known_at, ranking=api.ranking
    )
