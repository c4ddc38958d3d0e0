"""The ECB's tables of reference rates: eurofxref-daily.xml (the newest day), eurofxref-hist-90d.xml.

    <gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
                     xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
      <Cube>
        <Cube time="2026-01-02">
          <Cube currency="USD" rate="1.1745"/>          1 EUR = 1.1745 USD

A document type is refused before anything in it is read, so there are no entities, neither growing nor
from elsewhere. Days without rates (weekends, TARGET holidays) are not in a table.
"""

import re
from datetime import date
from decimal import Decimal
from typing import NamedTuple, NoReturn
from xml.parsers import expat

from holdfast.providers.kit.exact import UnreadableNumberError, to_decimal
from holdfast.providers.kit.pricing import NotPricedError, to_unit_price

_CUBE = "http://www.ecb.int/vocabulary/2002-08-01/eurofxref Cube"
_ENVELOPE = "http://www.gesmes.org/xml/2002-08-01 Envelope"
_CURRENCY = re.compile(r"[A-Z]{3}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DEEPEST = 16
_FIRST, _LAST = date(1999, 1, 1), date(2200, 1, 1)


class TableError(ValueError):
    """The document is not a table of rates; the message names what is wrong, and the line."""


class Rate(NamedTuple):
    day: date
    currency: str
    """ISO 4217."""
    per_euro: Decimal
    """Units of the currency for one euro, as stated."""


def parse_table(body: bytes) -> tuple[Rate, ...]:
    """The rates in the order of the table. Raises TableError."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = reader.on_document_type
    parser.StartElementHandler = reader.on_start
    parser.EndElementHandler = reader.on_end
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise TableError(f"line {error.lineno}: {expat.ErrorString(error.code)}") from error
    except TableError as error:
        raise TableError(f"line {parser.CurrentLineNumber}: {error}") from error
    return tuple(Rate(day, currency, rate) for (day, currency), rate in reader.rates.items())


class _Reader:
    """Collects the rates while the document is read."""

    def __init__(self) -> None:
        self.rates: dict[tuple[date, str], Decimal] = {}
        self._day: date | None = None
        self._depth = 0

    def on_document_type(self, *_: object) -> NoReturn:
        raise TableError("a document type is not accepted")

    def on_start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth == 0 and name != _ENVELOPE:
            raise TableError(f"expected gesmes:Envelope, not {name.rpartition(' ')[2][:60]!r}")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise TableError(f"nested deeper than {_DEEPEST}")
        if name != _CUBE:
            return
        if "time" in attributes:
            self._day = to_day(attributes["time"])
        if "currency" in attributes or "rate" in attributes:
            self._keep(attributes.get("currency", ""), attributes.get("rate", ""))

    def on_end(self, _: str) -> None:
        self._depth -= 1

    def _keep(self, currency: str, rate: str) -> None:
        if self._day is None:
            raise TableError("a rate before any day")
        number = to_rate(to_currency(currency), rate)
        if self.rates.setdefault((self._day, currency), number) != number:
            raise TableError(f"{currency} has two rates on {self._day}")


def to_currency(text: str) -> str:
    """Raises TableError."""
    if not _CURRENCY.fullmatch(text):
        raise TableError(f"currency {text[:60]!r} is not a code of ISO 4217")
    return text


def to_day(text: str) -> date:
    """Raises TableError."""
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not _FIRST <= day < _LAST:
        raise TableError(f"{text[:60]!r} is not a day since the euro began, as 2026-01-31")
    return day


def to_rate(currency: str, text: str) -> Decimal:
    """Above zero. Raises TableError."""
    try:
        return to_unit_price(to_decimal(text))
    except (UnreadableNumberError, NotPricedError) as error:
        raise TableError(f"the rate of {currency} is {text[:60]!r}: {error}") from error
