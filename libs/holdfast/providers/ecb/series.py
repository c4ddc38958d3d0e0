"""The ECB's reference rates of any window since 1999: SDMX as CSV, from its Data Portal.

GET https://data-api.ecb.europa.eu/service/data/EXR/D.USD+GBP.EUR.SP00.A?startPeriod=2021-01-01&endPeriod=…&format=csvdata

    KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,…
    EXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,2021-01-04,1.2296,…

Days without a rate have no row, or one with an empty value. The whole history as XML is larger than any
answer should be, so windows are what history is fetched by.
Source: https://data.ecb.europa.eu/help/api/data.
"""

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from urllib.parse import quote, urlencode

from holdfast.providers.ecb.table import Rate, TableError, to_currency, to_day, to_rate

_COLUMNS = ("FREQ", "CURRENCY", "CURRENCY_DENOM", "TIME_PERIOD", "OBS_VALUE")


def series_path(currencies: Sequence[str], start: date, end: date) -> str:
    """Below the portal's address; no currencies means all. Both days are included."""
    key = quote(f"D.{'+'.join(currencies)}.EUR.SP00.A", safe="+.")
    window = {"startPeriod": start.isoformat(), "endPeriod": end.isoformat()}
    return f"/service/data/EXR/{key}?{urlencode({**window, 'detail': 'dataonly', 'format': 'csvdata'})}"


def parse_series(body: bytes) -> tuple[Rate, ...]:
    """The rates in the order of the rows; an empty body has none. Raises TableError."""
    try:
        reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"not CSV: {error}") from error
    missing = [column for column in _COLUMNS if rows and column not in rows[0][1]]
    if missing:
        raise TableError(f"line 1: the columns {', '.join(missing)} are missing")
    rates: dict[tuple[date, str], Decimal] = {}
    for line, row in rows:
        try:
            _keep(row, rates)
        except TableError as error:
            raise TableError(f"line {line}: {error}") from error
    return tuple(Rate(day, currency, rate) for (day, currency), rate in rates.items())


def _keep(row: dict[str, str], rates: dict[tuple[date, str], Decimal]) -> None:
    frequency, denominator = row["FREQ"], row["CURRENCY_DENOM"]
    if (frequency, denominator) != ("D", "EUR"):
        raise TableError(f"expected daily rates per EUR, not {str(frequency)[:9]!r} per {str(denominator)[:9]!r}")
    if not row["OBS_VALUE"]:
        return
    day, currency = to_day(row["TIME_PERIOD"] or ""), to_currency(row["CURRENCY"] or "")
    rate = to_rate(currency, row["OBS_VALUE"])
    if rates.setdefault((day, currency), rate) != rate:
        raise TableError(f"{currency} has two rates on {day}")
