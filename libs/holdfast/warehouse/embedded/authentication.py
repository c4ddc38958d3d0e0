"""Who is calling."""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence

from msgspec import Struct

from holdfast.settings.secret import Secret
from holdfast.warehouse.embedded.errors import AUTHENTICATION_FAILED, EngineError


class Account(Struct, frozen=True, kw_only=True):
    """A user of the endpoint. A read-only one is held by `authorisation` and by the engine's role for it."""

    name: str
    password: Secret
    read_only: bool
    tenant: str | None = None
    """The only tenant whose rows it reads; None for one that reads all."""


def authenticate(accounts: Sequence[Account], headers: Mapping[str, str], params: Mapping[str, str]) -> Account:
    """The account of HTTP Basic, of X-ClickHouse-User and -Key, or of `user` and `password` in the address.

    Who names no user is the analyst of all tenants. Raises EngineError with the same words for a wrong user and a
    wrong password, after the same comparisons.
    """
    name, password = _credentials(headers, params)
    matched = None
    for account in accounts:
        named = _same(account.name, name) if name else account.read_only and account.tenant is None
        if _same(account.password.reveal(), password) & named:
            matched = account
    if matched is None:
        raise EngineError(
            AUTHENTICATION_FAILED,
            f"{name or 'default'}: Authentication failed: password is incorrect, or there is no user with such name.",
        )
    return matched


def _credentials(headers: Mapping[str, str], params: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(encoded, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise EngineError(AUTHENTICATION_FAILED, "Invalid authentication: malformed Basic header") from None
        name, _, password = text.partition(":")
        return name, password
    if scheme:
        raise EngineError(AUTHENTICATION_FAILED, "Invalid authentication: only the Basic scheme is known here")
    if "x-clickhouse-user" in headers or "x-clickhouse-key" in headers:
        return headers.get("x-clickhouse-user", ""), headers.get("x-clickhouse-key", "")
    return params.get("user", ""), params.get("password", "")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
