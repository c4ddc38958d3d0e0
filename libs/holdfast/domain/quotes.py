"""The newest number at or before an instant: of an asset's price feed, or of a pair of currencies."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

from holdfast.domain.assets import USD
from holdfast.domain.refusals import NEVER_REFUSED, Refusals
from holdfast.domain.valuation import SEARCHED_AGE, price_age


class Quote(NamedTuple):
    at: datetime
    price: Decimal


class QuoteHistory:
    """Quotes of one thing. Of several for one instant the last given counts."""

    __slots__ = ("quotes", "times")

    def __init__(self, quotes: Iterable[Quote]) -> None:
        self.quotes: Sequence[Quote] = sorted(quotes, key=itemgetter(0))
        self.times = [quote.at for quote in self.quotes]

    def newest(self, at: datetime, *, age: timedelta) -> Quote | None:
        """At or before `at`, and at most `age` old."""
        index = bisect_right(self.times, at)
        if index and at - self.times[index - 1] <= age:
            return self.quotes[index - 1]
        return None

    def in_order(self) -> "QuotesInOrder":
        """For who asks of ever later instants."""
        return QuotesInOrder(self)


class QuotesInOrder:
    """A reader of quotes who never looks back, and so need not search among all of them each time."""

    __slots__ = ("_next", "_quotes", "_times")

    def __init__(self, history: QuoteHistory) -> None:
        self._quotes, self._times = history.quotes, history.times
        self._next = 0

    def around(self, at: datetime, *, age: timedelta) -> tuple[Quote | None, datetime | None]:
        """`newest`, and when the first quote after `at` came."""
        times, following = self._times, self._next
        if following < len(times) and times[following] <= at:
            following += 1
            # Mostly it was the only one. Where it was not, they are searched: there may be thousands.
            if following < len(times) and times[following] <= at:
                following = bisect_right(times, at, following + 1)
            self._next = following
        quote = self._quotes[following - 1] if following and at - times[following - 1] <= age else None
        return quote, times[following] if following < len(times) else None


class _Par(QuoteHistory):
    """A dollar in dollars: of no date, so that whatever was stated of it is newer, and never too old."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__([Quote(datetime(1970, 1, 1, tzinfo=UTC), Decimal(1))])

    def newest(self, at: datetime, *, age: timedelta) -> Quote | None:
        return self.quotes[0]

    def in_order(self) -> QuotesInOrder:
        return _ParInOrder(self)


class _ParInOrder(QuotesInOrder):
    __slots__ = ()

    def around(self, at: datetime, *, age: timedelta) -> tuple[Quote | None, datetime | None]:
        return self._quotes[0], None


_NONE = QuoteHistory(())
_PAR = _Par()


class PriceBook:
    """Prices in USD per unit by asset; a price serves for 24 hours, a currency's for 5 days (semantics, "Value")."""

    __slots__ = ("_of", "_refusals")

    def __init__(self, quotes: Mapping[str, Iterable[Quote]] | None = None, refusals: Refusals = NEVER_REFUSED) -> None:
        self._of = {asset: QuoteHistory(of) for asset, of in (quotes or {}).items()}
        self._refusals = refusals

    def of(self, asset: str) -> QuoteHistory:
        return _PAR if asset == USD else self._of.get(asset, _NONE)

    def newest(self, asset: str, at: datetime) -> Quote | None:
        return self.of(asset).newest(at, age=price_age(asset))

    def reason(self, asset: str, at: datetime, *, waits_for: str = "", stated_at: datetime | None = None) -> str:
        """Why `newest` finds none: `rate_limited` while a feed of it is refused for asking too often; else `stale` if
        there was one in the week before; else `no_price`.

        `waits_for`: another asset whose price would do as well. `stated_at`: when it had to be there, if not at `at`.
        """
        if self._refusals.holds(asset, at) or (waits_for and self._refusals.holds(waits_for, at)):
            return "rate_limited"
        return "stale" if self.of(asset).newest(stated_at or at, age=SEARCHED_AGE) else "no_price"
