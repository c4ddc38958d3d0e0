"""The ECB as a provider: what one euro is in other currencies, as stated, and what that makes of each in dollars."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from holdfast.domain.assets import EUR, USD, fiat
from holdfast.domain.jobs import JobWindow
from holdfast.domain.prices import CROSSED, Price
from holdfast.domain.time import Clock
from holdfast.providers.ecb.crossing import to_dollar_prices
from holdfast.providers.ecb.publication import published_at
from holdfast.providers.ecb.series import parse_series, series_path
from holdfast.providers.ecb.settings import EcbSettings
from holdfast.providers.ecb.table import Rate, TableError, parse_table
from holdfast.providers.kit.contract import Budget, FeedManifest, Fetched, History, Manifest, Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.pricing import EVERYTHING, Gap, GapLog, parse_assets, parse_target
from holdfast.providers.kit.session import Request, Session
from holdfast.settings import SettingsError, SettingsProblem

NAME = "ecb"
TABLES = ("daily", "hist-90d")
"""The newest day, and the last 90: two tables of one feed, the first by default."""

_HISTORY = History(every_s=(86_400,), points=366, since=datetime(1999, 1, 4, tzinfo=UTC))
"""Since there is a euro; any window is one request to the ECB's Data Portal."""
_NOT_FOUND = 404

MANIFEST = Manifest(
    name=NAME,
    title="European Central Bank: euro reference rates",
    documentation="https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates",
    budget=Budget(requests=5, per_s=60),
    feeds=(FeedManifest(name="prices", scopes=TABLES, every_s=3600, history=_HISTORY),),
    settings=EcbSettings,
)


class EcbProvider:
    def __init__(self, settings: EcbSettings, currencies: Sequence[str], session: Session) -> None:
        """`currencies`: asset ids, what the target * stands for; none means all there are."""
        self._settings = settings
        self._currencies = currencies
        self._session = session
        self._gap_log = GapLog(NAME)

    async def fetch(self, target: Target) -> Fetched:
        """`*`, or currencies as asset ids with commas; the scope names the table. Raises ProviderError."""
        table = target.scope or TABLES[0]
        if target.feed != "prices" or table not in TABLES:
            raise UnexpectedResponseError(f"{NAME} has no feed {target.feed!r} with the scope {target.scope!r}")
        wanted = self._wanted(target.target)
        if target.window is not None:
            return Fetched(prices=await self._fetch_window(wanted, target.window))
        rates = await self._fetch_table(table)
        prices = to_prices(rates, wanted)
        self._gap_log.tell(target.target, _gaps(wanted, prices))
        return Fetched(prices=prices)

    def _wanted(self, target: str) -> tuple[str, ...]:
        """Empty: all."""
        if target.strip() == EVERYTHING and not self._currencies:
            return ()
        return parse_target(target, self._currencies, setting=f"providers.{NAME}.currencies")

    async def _fetch_window(self, wanted: Sequence[str], window: JobWindow) -> tuple[Price, ...]:
        """The rates that were published in it. No day of a rate in it, as over a weekend, is an answer too."""
        first = (window.start - timedelta(seconds=window.every_s)).date()
        # The dollar is asked for too: every other currency is priced in it.
        codes = [asset.partition(":")[2] for asset in dict.fromkeys([*wanted, USD] if wanted else ())]
        url = self._settings.portal_url + series_path(codes, first, window.end.date())
        try:
            answer = await self._session.fetch(Request(method="GET", url=url, headers={"Accept": "text/csv"}))
        except UnexpectedResponseError as error:
            if error.status == _NOT_FOUND:
                return ()
            raise
        try:
            prices = to_prices(parse_series(answer.body), wanted)
        except TableError as error:
            raise answer.unexpected(str(error)) from error
        return tuple(price for price in prices if window.holds(price.at))

    async def _fetch_table(self, table: str) -> tuple[Rate, ...]:
        url = f"{self._settings.base_url}/eurofxref-{table}.xml"
        answer = await self._session.fetch(Request(method="GET", url=url, headers={"Accept": "application/xml"}))
        try:
            return parse_table(answer.body)
        except TableError as error:
            raise answer.unexpected(str(error)) from error


def to_prices(rates: Sequence[Rate], wanted: Sequence[str] = ()) -> tuple[Price, ...]:
    """One euro in each currency, and each in dollars, from the hour of publication; only `wanted` ones, or all."""
    stated = tuple(
        Price(asset=EUR, quote=fiat(rate.currency), price=rate.per_euro, at=published_at(rate.day), source=NAME)
        for rate in rates
        if _is_wanted(fiat(rate.currency), wanted)
    )
    crossed = to_dollar_prices(rates, source=NAME + CROSSED)
    return stated + tuple(price for price in crossed if _is_wanted(price.asset, wanted))


def _is_wanted(asset: str, wanted: Sequence[str]) -> bool:
    return not wanted or asset in wanted


def _gaps(wanted: Sequence[str], prices: Sequence[Price]) -> dict[str, Gap]:
    stated = {price.quote for price in prices}
    return {asset: "not_quoted" for asset in wanted if asset not in stated}


def build(settings: EcbSettings, session: Session, clock: Clock) -> EcbProvider:
    """Raises SettingsError with all that is wrong."""
    currencies, problems = parse_assets(settings.currencies, f"providers.{NAME}.currencies")
    problems += [
        SettingsProblem(f"providers.{NAME}.currencies", f"{asset}: the ECB states currencies, as iso4217:USD")
        for asset in currencies
        if not asset.startswith("iso4217:")
    ]
    if problems:
        raise SettingsError(problems)
    return EcbProvider(settings, currencies, session)
