"""The euro's reference rates.

GET /stats/eurofxref/eurofxref-daily.xml, eurofxref-hist-90d.xml, eurofxref-hist.xml
GET /service/data/EXR/D.USD+GBP.EUR.SP00.A?startPeriod=2026-01-01&endPeriod=2026-01-31&format=csvdata
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice

from services.simulator.exchange import Answer, Refusal, Request
from services.simulator.world.fiat import CURRENCIES, Currency, published_days, rate_on
from services.simulator.world.instants import GENESIS
from services.simulator.world.world import World

_TABLES = "/stats/eurofxref/"
_SERIES = re.compile(r"/service/data/EXR/D\.([A-Z+]*)\.EUR\.SP00\.A")
_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" \
xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
\t<gesmes:subject>Reference rates</gesmes:subject>
\t<gesmes:Sender>
\t\t<gesmes:name>European Central Bank</gesmes:name>
\t</gesmes:Sender>
\t<Cube>
"""
_TAIL = "\t</Cube>\n</gesmes:Envelope>"
_COLUMNS = "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE\n"
_STATUSES: dict[Refusal, int] = {
    "too_many_requests": 429,
    "unavailable": 503,
    "key_revoked": 403,
    "syncing": 503,
    "payment_required": 402,
}


class Ecb:
    name = "ecb"
    prefixes: tuple[str, ...] = (_TABLES, "/service/data/EXR/")

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, request: Request, now: datetime) -> Answer:
        if series := _SERIES.fullmatch(request.path):
            return self._series(series[1], request, now)
        days = _days(request.path.removeprefix(_TABLES), now)
        if days is None:
            return _text("404 Not Found", "text/html", status=404)
        body = "".join(self._day(day) for day in days)
        return _text(f"{_HEAD}{body}{_TAIL}", "text/xml")

    def refuse(self, refusal: Refusal, request: Request) -> Answer:
        status = _STATUSES[refusal]
        return _text(f"<html>{status}</html>", "text/html", status=status)

    def caller(self, request: Request) -> str:
        return ""

    def _day(self, day: date) -> str:
        rates = "".join(
            f'\t\t\t<Cube currency="{currency.code}" rate="{rate_on(self._world.seed, currency, day)}"/>\n'
            for currency in CURRENCIES
        )
        return f'\t\t<Cube time="{day}">\n{rates}\t\t</Cube>\n'

    def _series(self, codes: str, request: Request, now: datetime) -> Answer:
        """By currency, then by day, the oldest first; 404 where there is nothing, as the portal has it."""
        wanted = codes.split("+")
        currencies = [currency for currency in CURRENCIES if not codes or currency.code in wanted]
        try:
            start, end = (date.fromisoformat(request.query[name]) for name in ("startPeriod", "endPeriod"))
        except (KeyError, ValueError):
            return _text("startPeriod, endPeriod: expected days", "text/plain", status=400)
        days = sorted(day for day in published_days(now, since=start) if day <= end)
        rows = "".join(self._rows(currencies, days))
        return _text(_COLUMNS + rows, "text/csv") if rows else _text("No results found.", "text/plain", status=404)

    def _rows(self, currencies: Sequence[Currency], days: Sequence[date]) -> Iterator[str]:
        for currency in currencies:
            for day in days:
                rate = rate_on(self._world.seed, currency, day)
                yield f"EXR.D.{currency.code}.EUR.SP00.A,D,{currency.code},EUR,SP00,A,{day},{rate}\n"


def _days(file: str, now: datetime) -> list[date] | None:
    """The days of a table, newest first."""
    match file:
        case "eurofxref-daily.xml":
            return list(islice(published_days(now, since=GENESIS.date()), 1))
        case "eurofxref-hist-90d.xml":
            return list(published_days(now, since=now.date() - timedelta(days=90)))
        case "eurofxref-hist.xml":
            return list(published_days(now, since=GENESIS.date()))
    return None


def _text(body: str, content_type: str, *, status: int = 200) -> Answer:
    headers = (("content-type", content_type), *((("retry-after", "1"),) if status == 429 else ()))
    return Answer(status=status, body=body.encode(), headers=headers)
