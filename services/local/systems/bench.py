"""What a system's checks work with: the running API, keys bound to portfolios, and providers pointed at it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

from msgspec import Struct

from holdfast.domain.balances import Balance
from holdfast.domain.money import EXACT
from holdfast.domain.time import SystemClock
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.discovery import load_provider
from holdfast.providers.kit.exchange import open_exchange
from holdfast.providers.kit.session import build_session
from holdfast.registry.store import RegistryStore
from holdfast.settings import Configuration, Secret
from services.local import probes
from services.local.comparing import Difference, PortfolioCheck

_PATIENCE_S = 10

Amounts = dict[str, Decimal | None]
"""By asset; None where an amount in it is unknown."""


class Key(Struct, frozen=True, kw_only=True):
    id: str
    presented: str


class Bench:
    """Portfolios of the tenant `demo`. Reads of ours are remembered: the world stands still."""

    def __init__(
        self,
        *,
        api_url: str,
        store: RegistryStore,
        master_key: Secret,
        truth: Mapping[str, Any],
        portfolios: Sequence[PortfolioCheck],
        tenant: str = "demo",
    ) -> None:
        self.api_url = api_url
        self.master_key = master_key
        self.clock = SystemClock()
        self.truth = truth
        self.portfolios = portfolios
        self._store = store
        self._tenant = tenant
        self._keys: dict[str, Key] = {}
        self._positions: dict[str, list[dict[str, Any]]] = {}

    async def key(self, portfolio: str) -> Key:
        """One that a dialect answers about this portfolio with."""
        if portfolio not in self._keys:
            made, presented = await self._store.create_key(self._tenant, portfolio=portfolio, label="selftest")
            self._keys[portfolio] = Key(id=made.id, presented=presented.reveal())
            await self._until_known(presented.reveal())
        return self._keys[portfolio]

    async def _until_known(self, presented: str) -> None:
        """The API follows the registry: it takes a key a moment after it was made."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                await probes.get_json(f"{self.api_url}/v1/portfolios", {"Authorization": f"Bearer {presented}"})
                return
            except HTTPError as error:
                if error.code != 401 or time.monotonic() > deadline:
                    return  # what is asked next says what is wrong
                await asyncio.sleep(0.1)

    async def net(self, portfolio: str) -> Decimal:
        """US dollars."""
        return Decimal((await self._get(portfolio, "total"))["net"])

    async def positions(self, portfolio: str) -> list[dict[str, Any]]:
        """What counts, as `/v1` has it."""
        if portfolio not in self._positions:
            items: list[dict[str, Any]] = []
            cursor = ""
            while True:
                page = await self._get(portfolio, f"positions?limit=1000{cursor}")
                items += page["items"]
                if page["next_cursor"] is None:
                    break
                cursor = f"&cursor={quote(page['next_cursor'])}"
            self._positions[portfolio] = [item for item in items if item["counted"]]
        return self._positions[portfolio]

    async def fetch(self, provider: str, settings: Mapping[str, Any], target: Target) -> Fetched:
        """What a provider with these settings makes of the target. Raises ProviderError, SettingsError."""
        module = load_provider(provider)
        parsed = Configuration({"providers": {provider: dict(settings)}}).section(
            f"providers.{provider}", module.manifest.settings
        )
        async with _opened(module.manifest, parsed, self.clock) as session:
            with open_exchange():
                return await module.build(parsed, session, self.clock).fetch(target)

    def provider_differences(self, provider: str) -> list[Difference]:
        """Where what the provider brought is not what the world has, portfolio by portfolio."""
        known = [one for one in self.truth["portfolios"] if one["breakdown"]["provider"].get(provider, {}).get("lines")]
        if not known:
            return [Difference(what=f"lines of {provider}", expected="some", actual=None)]
        return [
            Difference(what=f"{check.id}: {one.what}", expected=one.expected, actual=one.actual)
            for check in self.portfolios
            for one in check.differences
            if one.what.startswith(f"provider {provider} ")
        ]

    async def _get(self, portfolio: str, what: str) -> Any:
        headers = {"Authorization": f"Bearer {(await self.key(portfolio)).presented}"}
        return await probes.get_json(f"{self.api_url}/v1/portfolios/{quote(portfolio)}/{what}", headers)


@asynccontextmanager
async def _opened(manifest: Any, settings: Struct, clock: SystemClock) -> AsyncIterator[Any]:
    session = build_session(manifest, settings, clock)
    try:
        yield session
    finally:
        await session.close()


def differing(what: str, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[Difference]:
    """Key by key."""
    for key in sorted(expected.keys() | actual.keys()):
        if expected.get(key) != actual.get(key) or (key in expected) != (key in actual):
            yield Difference(what=f"{what} {key}", expected=_text(expected.get(key)), actual=_text(actual.get(key)))


def amounts_of(positions: Iterable[Mapping[str, Any]]) -> Amounts:
    """Of lines of `/v1`: debts are negative; lines without an asset are no amounts."""
    return _summed(
        (one["asset"], one["side"], None if one["amount"] is None else Decimal(one["amount"])) for one in positions
    )


def amounts_in(lines: Iterable[Balance]) -> Amounts:
    """Of what a provider fetched."""
    return _summed((line.asset, line.side, line.amount) for line in lines)


def _summed(lines: Iterable[tuple[str | None, str, Decimal | None]]) -> Amounts:
    sums: Amounts = {}
    for asset, side, amount in lines:
        if asset is not None:
            before = sums.get(asset, Decimal(0))
            signed = amount.copy_negate() if amount is not None and side == "debt" else amount
            sums[asset] = None if before is None or signed is None else EXACT.add(before, signed).normalize(EXACT)
    return sums


def _text(value: object) -> str | None:
    return None if value is None else str(value)
