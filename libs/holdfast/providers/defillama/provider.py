"""DefiLlama as a provider: prices of the assets asked for, in batches, now or at each instant of a window."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from holdfast.domain.assets import AssetIdError, parse_asset, parse_chain
from holdfast.domain.jobs import JobWindow
from holdfast.domain.prices import Price
from holdfast.domain.time import Clock
from holdfast.providers.defillama.coins import name_of
from holdfast.providers.defillama.settings import DefillamaSettings
from holdfast.providers.defillama.wire import ShapeError, prices_path, to_entries, to_name, to_quote
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.contract import Budget, FeedManifest, Fetched, History, Manifest, Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.exact import UnreadableNumberError
from holdfast.providers.kit.pricing import Gap, GapLog, NotPricedError, in_batches, parse_assets, parse_target
from holdfast.providers.kit.session import Request, Session
from holdfast.settings import SettingsError, SettingsProblem

NAME = "defillama"

_HISTORY = History(every_s=(300, 3600, 86_400), points=24)
"""Each instant is a request of its own, or as many as there are batches."""

MANIFEST = Manifest(
    name=NAME,
    title="DefiLlama: market prices",
    documentation="https://api-docs.defillama.com",
    budget=Budget(requests=120, per_s=60),
    feeds=(FeedManifest(name="prices", every_s=300, history=_HISTORY),),
    settings=DefillamaSettings,
)

_KEY = re.compile(r"[A-Za-z0-9._~-]+")
_OPEN = "https://coins.llama.fi"
_PAID = "https://pro-api.llama.fi"

_Wanted = dict[str, list[str]]
"""Assets by DefiLlama's name: what is one coin there may be several assets, on a chain each."""


class DefillamaProvider:
    def __init__(self, settings: DefillamaSettings, assets: Sequence[str], session: Session) -> None:
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
        if target.window is not None:
            return Fetched(prices=await self._fetch_window(assets, target.window))
        prices, gaps = await self._fetch_prices(assets)
        self._gap_log.tell(target.target, gaps)
        return Fetched(prices=tuple(prices))

    async def _fetch_window(self, assets: Sequence[str], window: JobWindow) -> tuple[Price, ...]:
        """What was quoted nearest to each instant, each quote once. Whatever was not there yet is no gap to tell of."""
        prices: dict[tuple[str, datetime], Price] = {}
        for at in window.each():
            for price in (await self._fetch_prices(assets, at=at))[0]:
                prices[price.asset, price.at] = price
        return tuple(prices.values())

    async def _fetch_prices(
        self, assets: Sequence[str], *, at: datetime | None = None
    ) -> tuple[list[Price], dict[str, Gap]]:
        """Now, or near an instant of the past."""
        gaps: dict[str, Gap] = {}
        wanted = self._named(assets, gaps)
        prices: list[Price] = []
        for batch in in_batches(list(wanted), self._settings.coins_per_request):
            answer = await self._ask(prices_path(batch, search_width=self._settings.search_width, at=at))
            prices += self._read(answer, {name: wanted[name] for name in batch}, gaps)
        return prices, gaps

    def _named(self, assets: Sequence[str], gaps: dict[str, Gap]) -> _Wanted:
        wanted: _Wanted = {}
        for asset in assets:
            try:
                name = name_of(asset, coins=self._settings.coins, chains=self._settings.chains)
            except NotPricedError as error:
                gaps[asset] = error.gap
            else:
                wanted.setdefault(name, []).append(asset)
        return wanted

    async def _ask(self, path: str) -> Answer:
        return await self._session.fetch(Request(method="GET", url=_address(self._settings) + path))

    def _read(self, answer: Answer, wanted: _Wanted, gaps: dict[str, Gap]) -> Iterator[Price]:
        """Raises UnexpectedResponseError naming the entry."""
        try:
            entries = to_entries(answer.json())
        except ShapeError as error:
            raise answer.unexpected(str(error)) from error
        least = self._settings.min_confidence_percent
        for name, assets in wanted.items():
            try:
                quote = to_quote(entries.get(to_name(name)), min_confidence_percent=least)
            except NotPricedError as error:
                gaps.update(dict.fromkeys(assets, error.gap))
                continue
            except UnreadableNumberError as error:
                raise answer.unexpected(f"coins[{name!r}]: {error}") from error
            for asset in assets:
                yield Price(asset=asset, at=quote.at, price=quote.price, source=NAME)


def build(settings: DefillamaSettings, session: Session, clock: Clock) -> DefillamaProvider:
    """Raises SettingsError with all that is wrong."""
    assets, problems = parse_assets(settings.assets, f"providers.{NAME}.assets")
    problems += _check_names(settings)
    if settings.api_key and not _KEY.fullmatch(settings.api_key.reveal()):
        problems.append(SettingsProblem(f"providers.{NAME}.api_key", "has a character that cannot stand in a path"))
    if problems:
        raise SettingsError(problems)
    session.limit(settings.budget)
    return DefillamaProvider(settings, assets, session)


def _address(settings: DefillamaSettings) -> str:
    if settings.api_key:
        return f"{settings.base_url or _PAID}/{settings.api_key.reveal()}/coins"
    return settings.base_url or _OPEN


def _check_names(settings: DefillamaSettings) -> Iterator[SettingsProblem]:
    for table, names, parse in (("coins", settings.coins, parse_asset), ("chains", settings.chains, parse_chain)):
        for name in names:
            try:
                canonical = parse(name)
            except AssetIdError as error:
                yield SettingsProblem(f"providers.{NAME}.{table}", str(error))
                continue
            if canonical != name:
                yield SettingsProblem(f"providers.{NAME}.{table}", f"{name!r}: write it as {canonical!r}")
