"""A rate that comes after what it converts: which checks have to be made again."""

from collections.abc import Iterable, Iterator

from holdfast.domain.assets import EUR, USD
from holdfast.domain.prices import CROSSED
from holdfast.domain.valuation import CURRENCY_PRICE_AGE
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import PriceRow, PriceWithdrawalRow, stored_time
from services.aggregator import sql
from services.aggregator.guards.reported_totals import Instant
from services.aggregator.placing import to_lines

MOST = 1000
"""Checks made again for a group of batches, the newest: of rates of long ago that come late, older ones are not."""
_CURRENCY = "iso4217:"


async def read_rated(warehouse: Warehouse, prices: Iterable[PriceRow | PriceWithdrawalRow]) -> set[Instant]:
    """Sources and instants of checks that these, just stored or taken back, may bring to dollars, by another rate."""
    rates = sorted(
        {
            (currency, row.asset, row.quote, row.at, isinstance(row, PriceWithdrawalRow))
            for row in prices
            for currency in _converted(row)
        }
    )
    if not rates:
        return set()
    asked = {"rates": to_lines(rates), "age_s": int(CURRENCY_PRICE_AGE.total_seconds()), "most": MOST}
    return {(source, stored_time(at)) for source, at in await warehouse.rows(sql.load("read_rated_checks"), asked)}


def _converted(row: PriceRow | PriceWithdrawalRow) -> Iterator[str]:
    """What a path to dollars may lead from; empty for anything. Of no use is what was worked out from other rates."""
    ends = {row.asset, row.quote}
    if all(end.startswith(_CURRENCY) for end in ends) and not row.source.endswith(CROSSED):
        others = ends - {USD, EUR}
        if len(others) == 1:
            yield others.pop()
        elif not others:
            yield from ("", EUR)
