"""A source is what is fetched, superseded and aged as one: (tenant, provider, account, scope).

Its id is one readable string, the key of everything stored about it:

    acme/okx/eip155:1:0x742d…beb5/defi

Scope separates independent lists of one provider for one account (a chain's DeFi positions, the
plain wallet, custody). Two tenants who track one public address have two sources.
"""

import re

from msgspec import Struct

_TOKEN = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class InvalidNameError(ValueError):
    """A tenant, provider, scope or portfolio name that could not be a NATS subject token."""


def check_name(field: str, text: str) -> str:
    """Lower-case letters, digits, `-` and `_`: what can stand in a subject, a path and a SQL key alike."""
    if not _TOKEN.fullmatch(text):
        raise InvalidNameError(
            f"{field} {text[:80]!r}: use 1 to 63 lower-case letters, digits, '-' or '_', not starting with a sign"
        )
    return text


class Source(Struct, frozen=True, kw_only=True, order=True):
    tenant: str
    provider: str
    account: str
    scope: str

    @property
    def id(self) -> str:
        return f"{self.tenant}/{self.provider}/{self.account}/{self.scope}"


def parse_source(text: str) -> Source:
    tenant, provider, account, scope = text.split("/")
    return Source(tenant=tenant, provider=provider, account=account, scope=scope)
