"""`GET /_world`: what an operator of Holdfast would register to follow this world, and the providers' settings.

Portfolios come in an order in which they can be created: nested ones before those that hold them.
"""

from typing import Any

from services.simulator.exchange import Answer, Request, to_json
from services.simulator.settings import SimulatorSettings
from services.simulator.upstreams.dalp import ORGANIZATION
from services.simulator.world.holders import WATCHED
from services.simulator.world.portfolios import Portfolio
from services.simulator.world.tokenised import CHAIN as SECURITIES_CHAIN
from services.simulator.world.tokens import TOKENS
from services.simulator.world.truth import members
from services.simulator.world.wallets import Wallet
from services.simulator.world.world import World

_TENANTS = {"demo": "Demo", "orchard": "Orchard"}
_NOBODY = "public"
"""The tenant of market data."""
_EVM_EVERY_S = 30
_LOGS_EVERY_S = 60
_OKX_EVERY_S = 60
_PRICES_EVERY_S = 30
_RATES_EVERY_S = 3600
_CUSTODY_EVERY_S = 60
_SECURITIES_EVERY_S = 60
_FUNDS_EVERY_S = 60
_CLUSTERS_EVERY_S = 300
_OKX_REQUESTS_PER_FETCH = 3
_QUOTED = ",".join(token.asset for token in TOKENS if token.path is not None)


class Registration:
    def __init__(self, world: World, settings: SimulatorSettings) -> None:
        self._world = world
        self._settings = settings

    def show(self, request: Request) -> Answer:
        base_url = f"http://{request.headers.get('host', f'{self._settings.host}:{self._settings.port}')}"
        return to_json(self._registered(base_url))

    def _registered(self, base_url: str) -> dict[str, Any]:
        return {
            "seed": self._world.seed,
            "tenants": [{"id": id_, "name": name} for id_, name in _TENANTS.items()],
            "accounts": self._accounts(),
            "portfolios": [_portfolio(portfolio) for portfolio in _nested_first(self._world.portfolios)],
            "watches": [
                self._watch("prices", "prices", "*", "", _PRICES_EVERY_S),
                self._watch("ecb", "prices", "*", "daily", _RATES_EVERY_S),
                *(self._watch("okx", "clusters", token.asset, "", _CLUSTERS_EVERY_S) for token in WATCHED),
            ],
            "providers": self._providers(base_url),
        }

    def _accounts(self) -> list[dict[str, Any]]:
        """Each wallet once for every tenant that has it in a portfolio."""
        owned = {
            (portfolio.tenant, wallet.number): wallet
            for portfolio in self._world.portfolios
            for wallet in members(self._world, portfolio)
        }
        return [
            {
                "tenant": tenant,
                "account": wallet.spelling,
                "label": wallet.label,
                "sources": self._sources(wallet),
            }
            for (tenant, _), wallet in sorted(owned.items(), key=lambda item: item[0])
        ] + [*self._custodies(), *self._participants(), *self._funds()]

    def _custodies(self) -> list[dict[str, Any]]:
        source = self._source("bitpanda", "balances", "custody", _CUSTODY_EVERY_S)
        return [
            {"tenant": portfolio.tenant, "account": one.account, "label": f"custody of {one.user}", "sources": [source]}
            for portfolio in self._world.portfolios
            for one in portfolio.custodies
        ]

    def _participants(self) -> list[dict[str, Any]]:
        source = self._source("dalp", "balances", "dalp", _SECURITIES_EVERY_S)
        return [
            {"tenant": portfolio.tenant, "account": one.account, "label": "securities", "sources": [source]}
            for portfolio in self._world.portfolios
            for one in portfolio.participants
        ]

    def _funds(self) -> list[dict[str, Any]]:
        source = self._source("credmark", "balances", "wallet", _FUNDS_EVERY_S)
        return [
            {"tenant": portfolio.tenant, "account": fund.spelling, "label": fund.role.label, "sources": [source]}
            for portfolio in self._world.portfolios
            for fund in portfolio.funds
        ]

    def _sources(self, wallet: Wallet) -> list[dict[str, Any]]:
        sources = []
        if wallet.chain.is_evm:
            sources.append(self._source("evm", "balances", "wallet", _EVM_EVERY_S))
            sources.append(self._source("evm", "transfers", "wallet", _LOGS_EVERY_S))
        if wallet.role.okx:
            sources.append(self._source("okx", "balances", "defi", self._okx_every_s))
        return sources

    def _source(self, provider: str, feed: str, scope: str, every_s: int) -> dict[str, Any]:
        paced = self._settings.fetch_every_s or every_s
        return {"provider": provider, "feed": feed, "scope": scope, "every_s": paced}

    def _watch(self, provider: str, feed: str, target: str, scope: str, every_s: int) -> dict[str, Any]:
        return {"tenant": _NOBODY, "target": target, **self._source(provider, feed, scope, every_s)}

    @property
    def _okx_every_s(self) -> int:
        """So long that all fetches of a round fit into the rate limit."""
        fetches = sum(wallet.role.okx for wallet in self._world.wallets)
        return max(_OKX_EVERY_S, fetches * _OKX_REQUESTS_PER_FETCH // self._okx_rate)

    @property
    def _okx_rate(self) -> int:
        return self._settings.okx_requests_per_second or 1000

    def _providers(self, base_url: str) -> dict[str, Any]:
        """As in `[providers]`; every leaf is text, as an environment variable has it."""
        settings = self._settings
        return {
            "okx": {
                "base_url": base_url,
                "api_key": settings.okx_api_key,
                "secret_key": settings.okx_secret_key.reveal(),
                "passphrase": settings.okx_passphrase.reveal(),
                "requests_per_second": str(self._okx_rate),
            },
            "evm": {
                "requests_per_second": "50",
                "chains": {
                    chain.index: {
                        "rpc_url": f"{base_url}/rpc/{chain.index}",
                        "tokens": ",".join(token.address for token in TOKENS if token.chain is chain and token.address),
                        "archive": "true",
                    }
                    for chain in self._world.chains
                    if chain.is_evm
                },
            },
            "prices": {"url": f"{base_url}/prices"},
            "coingecko": {
                "base_url": f"{base_url}/coingecko/api/v3",
                "api_key": settings.coingecko_api_key,
                "requests_per_minute": str(settings.coingecko_requests_per_minute or 10_000),
                "assets": _QUOTED,
            },
            "defillama": {"base_url": f"{base_url}/defillama", "assets": _QUOTED},
            "ecb": {"base_url": f"{base_url}/stats/eurofxref", "portal_url": base_url},
            "dalp": {
                "base_url": base_url,
                "api_key": settings.dalp_api_key,
                "organization": ORGANIZATION,
                "chain": SECURITIES_CHAIN.id,
                "requests_per_second": "100",
            },
            "credmark": {
                "base_url": base_url,
                "api_key": settings.credmark_api_key,
                "requests_per_second": "100",
            },
            "bitpanda": {
                "url": f"{base_url}/graphql",
                "user": self._world.custodies[0].user,
                "api_key": settings.bitpanda_api_key,
                "requests_per_second": "100",
            },
        }


def _portfolio(portfolio: Portfolio) -> dict[str, Any]:
    return {
        "tenant": portfolio.tenant,
        "id": portfolio.id,
        "name": portfolio.name,
        "base_currency": "iso4217:USD",
        "members": [
            *({"account": wallet.spelling} for wallet in portfolio.wallets),
            *({"account": custody.account} for custody in portfolio.custodies),
            *({"account": participant.account} for participant in portfolio.participants),
            *({"account": fund.spelling} for fund in portfolio.funds),
            *({"portfolio": nested} for nested in portfolio.nested),
        ],
    }


def _nested_first(portfolios: tuple[Portfolio, ...]) -> list[Portfolio]:
    """One level of nesting is all there is."""
    return sorted(portfolios, key=lambda portfolio: bool(portfolio.nested))
