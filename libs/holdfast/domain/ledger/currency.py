"""A ledger in another currency: each entry at the rate of its own instant.

The price takes the rate before anything is cut (q · p · r, cut once), so that every identity of the ledger holds to
the same last digit in each currency.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from holdfast.domain.assets import USD
from holdfast.domain.conversion import MissingRate, RateBook
from holdfast.domain.exact import exactly, times
from holdfast.domain.ledger.entries import Entry, priced


@exactly
def in_currency(entries: Iterable[Entry], currency: str, rates: RateBook) -> list[Entry]:
    """The same entries with their values in `currency`; where no rate is found they are unknown, as `no_rate`."""
    if currency == USD:
        return list(entries)
    known: dict[datetime, Decimal | None] = {}
    converted = []
    for entry in entries:
        if entry.at not in known:
            found = rates.find(USD, currency, entry.at)
            known[entry.at] = None if isinstance(found, MissingRate) else found.value
        converted.append(_converted(entry, known[entry.at]))
    return converted


def _converted(entry: Entry, rate: Decimal | None) -> Entry:
    at, source, key, transfer = entry.at, entry.source, (entry.asset, entry.side), entry.transfer
    delta, held, price = entry.delta, entry.held, entry.price
    if rate is None or price is None:
        reason = entry.reason or "no_rate"
        unknown = priced(at, source, key, delta=delta, held=held, price=None, reason=reason, transfer=transfer)
        return replace(unknown, price=price)
    plain = priced(at, source, key, delta=delta, held=held, price=price, rate=rate, transfer=transfer)
    before = _carried_over(entry.before, held - delta, price, rate)
    worth = _carried_over(entry.worth, held, price, rate)
    if before is None and worth is None:
        return plain
    before, worth = plain.before if before is None else before, plain.worth if worth is None else worth
    value = None if before is None or worth is None else worth - before
    return replace(plain, before=before, worth=worth, value=value)


def _carried_over(worth: Decimal | None, amount: Decimal, price: Decimal, rate: Decimal) -> Decimal | None:
    """A worth that is not amount · price to the last digit (lines at several prices) is converted as it is."""
    if worth is None or worth == times(amount, price):
        return None
    return times(worth, rate)
