"""Who asks: the API key of a request, and what that key may see."""

import math
from datetime import datetime
from typing import Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from holdfast.events.subjects import PUBLIC
from holdfast.registry.keys import authenticate
from holdfast.registry.records import Account, Portfolio
from holdfast.registry.state import Membership, RegistryState, memberships
from services.api.problems import ApiError
from services.api.rate_limit import RateLimiter
from services.api.resources import Resources

_SCOPE = "holdfast.caller"


class Caller(Struct, frozen=True, kw_only=True):
    """A live key. Everything that a route reads goes through here, so that no tenant sees another."""

    key: str
    tenant: str
    portfolio: str | None
    """The only portfolio that the key may see; None for all of its tenant's."""
    at: datetime
    """When it asks."""

    def find_portfolio(self, registry: RegistryState, portfolio: str) -> Portfolio:
        """Another tenant's, or one outside the key's own, is as unknown as one that never was."""
        found = registry.portfolios.get((self.tenant, portfolio))
        if found is None or self.portfolio not in (None, portfolio):
            raise ApiError(
                404,
                "portfolio_unknown",
                f"there is no portfolio {portfolio[:80]!r}",
                field="portfolio",
                fix="GET /v1/portfolios lists those that this key may see",
            )
        return found

    def find_account(self, registry: RegistryState, account: str) -> Account:
        found = registry.accounts.get((self.tenant, account))
        if found is None or not self.sees_account(registry, account):
            raise ApiError(
                404,
                "account_unknown",
                f"there is no account {account[:160]!r}",
                field="account",
                fix="GET /v1/accounts lists those that this key may see",
            )
        return found

    def sees_account(self, registry: RegistryState, account: str) -> bool:
        """A bound key: while the account belongs to its portfolio."""
        return self.portfolio is None or account in self._members(registry)

    def saw_account(self, registry: RegistryState, account: str) -> bool:
        """Whether it ever did: for a route about the past, which leaves out itself what is of other times."""
        return self.portfolio is None or any(span.account == account for span in self.spans(registry))

    def portfolios(self, registry: RegistryState) -> list[Portfolio]:
        own = (one for (tenant, _), one in registry.portfolios.items() if tenant == self.tenant)
        return sorted((one for one in own if self.portfolio in (None, one.id)), key=lambda one: one.id)

    def accounts(self, registry: RegistryState) -> list[Account]:
        own = [one for (tenant, _), one in registry.accounts.items() if tenant == self.tenant]
        if self.portfolio is not None:
            members = self._members(registry)
            own = [one for one in own if one.id in members]
        return sorted(own, key=lambda one: one.id)

    def market_tenants(self) -> tuple[str, ...]:
        """Whose market data it sees: everybody's, then its own tenant's unless it is bound to one portfolio."""
        return (PUBLIC,) if self.portfolio is not None else (PUBLIC, self.tenant)

    def spans(self, registry: RegistryState) -> list[Membership]:
        """When accounts belonged to a bound key's portfolio, without those that join later. Other keys have none."""
        if self.portfolio is None:
            return []
        members = memberships(registry, self.tenant, self.portfolio)
        return [one for one in members if one.valid_from is None or one.valid_from <= self.at]

    def may_write(self) -> None:
        """Raises ApiError for a key that is bound to one portfolio: such a key reads."""
        if self.portfolio is not None:
            raise ApiError(
                403,
                "key_is_bound",
                "this key is bound to one portfolio and cannot change the registry",
                fix="Use a key of the whole tenant",
            )

    def _members(self, registry: RegistryState) -> frozenset[str]:
        return frozenset(one.account for one in self.spans(registry) if one.valid_to is None or self.at < one.valid_to)


Asker = NamedDependency[SkipValidation[Caller]]
"""How a route asks for its caller."""


class CallerMiddleware:
    """Admits requests with a live key, at the key's own rate. Everything else is answered 401 or 429."""

    def __init__(self, app: ASGIApp, *, resources: Resources, limiter: RateLimiter) -> None:
        self._app = app
        self._resources = resources
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Request[Any, Any, Any](scope).headers
        key = authenticate(self._resources.registry.keys, presented_key(headers))
        if key is None:
            raise ApiError(
                401,
                "key_missing_or_wrong",
                "this needs a live API key",
                field="Authorization",
                fix="Send `Authorization: Bearer hf_…` or `X-Api-Key: hf_…`; `holdfast key create` makes one",
                headers={"WWW-Authenticate": "Bearer"},
            )
        admit(self._limiter, key.id)
        now = self._resources.clock.now()
        scope["state"][_SCOPE] = Caller(key=key.id, tenant=key.tenant, portfolio=key.portfolio, at=now)
        await self._app(scope, receive, send)


def admit(limiter: RateLimiter, key: str) -> None:
    """Raises ApiError 429 when the key has used up its rate."""
    wait_s = limiter.take(key)
    if wait_s > 0:
        seconds = str(math.ceil(wait_s))
        raise ApiError(
            429,
            "rate_limited",
            "this key asks faster than it may",
            fix=f"Wait {seconds} s; the limit is the setting api.requests_per_minute",
            headers={"Retry-After": seconds},
        )


def presented_key(headers: Any) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    presented: str = token if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    return presented.strip()


def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    caller: Caller = request.scope["state"][_SCOPE]
    return caller
