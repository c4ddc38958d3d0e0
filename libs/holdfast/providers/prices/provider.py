"""The provider: prices of everything, or of what is asked for, now or in a window, from all configured sources."""

import asyncio
from pathlib import Path

from holdfast.domain.assets import AssetIdError, parse_asset
from holdfast.domain.jobs import JobWindow
from holdfast.domain.prices import Price
from holdfast.domain.time import Clock
from holdfast.providers.kit.contract import Budget, FeedManifest, Fetched, History, Manifest, Target
from holdfast.providers.kit.errors import ProviderUnavailableError, UnexpectedResponseError
from holdfast.providers.kit.exchange import current_exchange
from holdfast.providers.kit.session import Session
from holdfast.providers.prices.csv_file import PriceFileError, load_prices
from holdfast.providers.prices.http_source import fetch_prices
from holdfast.providers.prices.settings import PriceSource, PricesSettings
from holdfast.settings import SettingsError, SettingsProblem

EVERYTHING = "*"
"""The target that stands for all that the sources have."""

_HISTORY = History(every_s=(300, 3600, 86_400), points=48)

MANIFEST = Manifest(
    name="prices",
    title="Prices from files and feeds",
    documentation="The modules csv_file.py and http_source.py state the two formats.",
    budget=Budget(requests=10, per_s=1),
    feeds=(FeedManifest(name="prices", every_s=60, history=_HISTORY),),
    settings=PricesSettings,
)


class PricesProvider:
    def __init__(self, sources: tuple[PriceSource, ...], session: Session) -> None:
        self._sources = sources
        self._session = session

    async def fetch(self, target: Target) -> Fetched:
        """`*`, an asset id, or several with commas. What no source quotes is left out. Raises ProviderError."""
        assets = parse_target(target.target)
        fetched = [await self._fetch_source(source, assets, target.window) for source in self._sources]
        return Fetched(
            prices=tuple(
                price
                for prices in fetched
                for price in prices
                if (not assets or price.asset in assets) and (target.window is None or target.window.holds(price.at))
            )
        )

    async def _fetch_source(
        self, source: PriceSource, assets: tuple[str, ...], window: JobWindow | None
    ) -> tuple[Price, ...]:
        """A file says all it has either way."""
        if source.url:
            return await fetch_prices(self._session, source.url, assets=assets, window=window, source=source.name)
        current_exchange().unrecorded = f"the file of the source {source.name!r}"
        try:
            return await asyncio.to_thread(load_prices, Path(source.csv_path), source.name)
        except OSError as error:
            raise ProviderUnavailableError(f"prices: cannot read {source.csv_path}: {error.strerror}") from error
        except PriceFileError as error:
            raise UnexpectedResponseError(f"prices: {error}") from error


def parse_target(text: str) -> tuple[str, ...]:
    """The assets of a target; none for everything. Raises UnexpectedResponseError."""
    if text.strip() == EVERYTHING:
        return ()
    try:
        return tuple(parse_asset(asset.strip()) for asset in text.split(","))
    except AssetIdError as error:
        raise UnexpectedResponseError(f"prices: target {text[:80]!r}: {error}") from error


def build(settings: PricesSettings, session: Session, clock: Clock) -> PricesProvider:
    """Raises SettingsError with all that is wrong with the sources."""
    problems = [problem for source in settings.all_sources for problem in _check(source)]
    if not settings.all_sources:
        problems.append(SettingsProblem("providers.prices", "set csv_path or url, or list them in sources"))
    if problems:
        raise SettingsError(problems)
    return PricesProvider(settings.all_sources, session)


def _check(source: PriceSource) -> list[SettingsProblem]:
    setting = f"providers.prices.sources, {source.name!r}"
    if bool(source.csv_path) == bool(source.url):
        return [SettingsProblem(setting, "set either csv_path or url")]
    if source.url and not source.url.reveal().startswith(("http://", "https://")):
        return [SettingsProblem(setting, "url: expected an address that starts with http:// or https://")]
    return []
