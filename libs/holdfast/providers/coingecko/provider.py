"""CoinGecko as a provider: prices of the assets asked for, now (coins, then platform by platform) or of a window."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta

from holdfast.domain.assets import AssetIdError, parse_asset, parse_chain
from holdfast.domain.jobs import JobWindow
from holdfast.domain.prices import Price
from holdfast.domain.time import Clock
from holdfast.providers.coingecko.failures import error_of
from holdfast.providers.coingecko.platforms import Place, locate
from holdfast.providers.coingecko.settings import KEY_HEADERS, CoingeckoSettings
from holdfast.providers.coingecko.wire import (
    Quote,
    ShapeError,
    history_path,
    price_path,
    to_entries,
    to_history,
    to_quote,
)
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.contract import Budget, FeedManifest, Fetched, History, Manifest, Target
from holdfast.providers.kit.errors import NoHistoryError, UnexpectedResponseError
from holdfast.providers.kit.exact import UnreadableNumberError
from holdfast.providers.kit.pricing import (
    Gap,
    GapLog,
    NotPricedError,
    at_instants,
    in_batches,
    parse_assets,
    parse_target,
)
from holdfast.providers.kit.session import Request, Session
from holdfast.settings import SettingsError, SettingsProblem

NAME = "coingecko"
_NOT_FOUND = 404
_BEYOND_THE_PLAN = 401
"""With the code 10012; a wrong key, which is 401 as well, is CredentialsRejectedError."""

_HISTORY = History(every_s=(3600, 86_400), points=720)
"""A month of hours is one request an asset: up to 90 days are answered every hour."""

MANIFEST = Manifest(
    name=NAME,
    title="CoinGecko: market prices",
    documentation="https://docs.coingecko.com/reference/introduction",
    budget=Budget(requests=30, per_s=60),
    feeds=(FeedManifest(name="prices", every_s=300, history=_HISTORY),),
    settings=CoingeckoSettings,
)

_Wanted = dict[str, dict[str, list[str]]]
"""Assets by platform and id: what is one coin to CoinGecko may be several assets, on a chain each."""


class CoingeckoProvider:
    def __init__(self, settings: CoingeckoSettings, assets: Sequence[str], session: Session) -> None:
        """`assets`: what the target * stands for."""
        self._settings = settings
        self._assets = assets
        self._session = session
        self._gap_log = GapLog(NAME)

    async def fetch(self, target: Target) -> Fetched:
        """`*`, an asset id, or several with commas. What is not quoted is left out and told. Raises ProviderError."""
        if target.feed != "prices":
            raise UnexpectedResponseError(f"{NAME} has no feed {target.feed!r}")
        assets = parse_target(target.target, self._assets, setting=f"providers.{NAME}.assets")
        gaps: dict[str, Gap] = {}
        wanted = self._located(assets, gaps)
        fetched = self._fetch_window(wanted, target.window) if target.window else self._fetch_now(wanted, gaps)
        prices = [price async for price in fetched]
        self._gap_log.tell(target.target, gaps)
        return Fetched(prices=tuple(prices))

    async def _fetch_now(self, wanted: _Wanted, gaps: dict[str, Gap]) -> AsyncIterator[Price]:
        for platform, ids in wanted.items():
            size = self._settings.contracts if platform else self._settings.coins_per_request
            for batch in in_batches(list(ids), size):
                answer = await self._ask(price_path(platform, batch))
                for price in _read(answer, {id_: ids[id_] for id_ in batch}, gaps):
                    yield price

    async def _fetch_window(self, wanted: _Wanted, window: JobWindow) -> AsyncIterator[Price]:
        """Coin by coin. One that CoinGecko does not know, or did not yet, has no past there."""
        step = timedelta(seconds=window.every_s)
        for platform, ids in wanted.items():
            for id_, assets in ids.items():
                path = history_path(Place(platform, id_), window.start - step, window.end)
                for quote in at_instants(window, await self._ask_history(path)):
                    for asset in assets:
                        yield Price(asset=asset, at=quote.at, price=quote.price, source=NAME)

    async def _ask_history(self, path: str) -> list[Quote]:
        try:
            answer = await self._ask(path)
        except UnexpectedResponseError as error:
            if error.status == _NOT_FOUND:
                return []
            if error.status == _BEYOND_THE_PLAN:
                raise NoHistoryError(f"the plan {self._settings.plan!r} does not reach back so far: {error}") from error
            raise
        try:
            return to_history(answer.json())
        except (ShapeError, UnreadableNumberError) as error:
            raise answer.unexpected(str(error)) from error

    def _located(self, assets: Sequence[str], gaps: dict[str, Gap]) -> _Wanted:
        wanted: _Wanted = {}
        for asset in assets:
            try:
                place = locate(asset, coins=self._settings.coins, platforms=self._settings.platforms)
            except NotPricedError as error:
                gaps[asset] = error.gap
            else:
                wanted.setdefault(place.platform, {}).setdefault(place.id, []).append(asset)
        return wanted

    async def _ask(self, path: str) -> Answer:
        header = KEY_HEADERS.get(self._settings.plan)
        headers = {header: self._settings.api_key.reveal()} if header else {}
        request = Request(method="GET", url=self._settings.address + path, headers=headers)
        return await self._session.fetch(request, refine=error_of)


def _read(answer: Answer, wanted: dict[str, list[str]], gaps: dict[str, Gap]) -> Iterator[Price]:
    """Raises UnexpectedResponseError naming the entry."""
    try:
        entries = to_entries(answer.json())
    except ShapeError as error:
        raise answer.unexpected(str(error)) from error
    for id_, assets in wanted.items():
        try:
            quote = to_quote(entries.get(id_))
        except NotPricedError as error:
            gaps.update(dict.fromkeys(assets, error.gap))
            continue
        except UnreadableNumberError as error:
            raise answer.unexpected(f"{id_}: {error}") from error
        for asset in assets:
            yield Price(asset=asset, at=quote.at, price=quote.price, source=NAME)


def build(settings: CoingeckoSettings, session: Session, clock: Clock) -> CoingeckoProvider:
    """Raises SettingsError with all that is wrong."""
    assets, problems = parse_assets(settings.assets, f"providers.{NAME}.assets")
    problems += _check_key(settings)
    problems += _check_names(settings)
    if problems:
        raise SettingsError(problems)
    session.limit(settings.budget)
    return CoingeckoProvider(settings, assets, session)


def _check_key(settings: CoingeckoSettings) -> Iterator[SettingsProblem]:
    if settings.plan == "public" and settings.api_key:
        yield SettingsProblem(f"providers.{NAME}.plan", 'a key is of the plan "demo" or "pro"; set which')
    if settings.plan != "public" and not settings.api_key:
        problem = f'is required for the plan "{settings.plan}"; without one set plan = "public"'
        yield SettingsProblem(f"providers.{NAME}.api_key", problem)


def _check_names(settings: CoingeckoSettings) -> Iterator[SettingsProblem]:
    for table, names, parse in (("coins", settings.coins, parse_asset), ("platforms", settings.platforms, parse_chain)):
        for name in names:
            try:
                canonical = parse(name)
            except AssetIdError as error:
                yield SettingsProblem(f"providers.{NAME}.{table}", str(error))
                continue
            if canonical != name:
                yield SettingsProblem(f"providers.{NAME}.{table}", f"{name!r}: write it as {canonical!r}")
