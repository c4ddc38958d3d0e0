"""Names, labels, currencies, times and account ids: what a value must be before it is stored."""

from datetime import datetime

from holdfast.domain.accounts import AccountId, AccountIdError, parse_account
from holdfast.domain.assets import AssetIdError, parse_asset
from holdfast.domain.sources import InvalidNameError, check_name
from holdfast.domain.time import to_ms
from holdfast.registry.currencies import CURRENCIES
from holdfast.registry.errors import RegistryError

MAX_LABEL = 200


def checked_name(field: str, text: str) -> str:
    """What can stand in a subject, a path and a SQL key alike."""
    try:
        return check_name(field, text)
    except InvalidNameError as error:
        fix = "Use 1 to 63 lower-case letters, digits, '-' or '_', starting with a letter or digit"
        raise RegistryError(field, f"{text[:80]!r} is not a name", fix) from error


def checked_label(field: str, text: str) -> str:
    """What people read: any printable text of some length."""
    text = text.strip()
    if len(text) > MAX_LABEL or not text.isprintable():
        raise RegistryError(field, f"{text[:40]!r} cannot be shown", f"Use up to {MAX_LABEL} printable characters")
    return text


def checked_currency(field: str, text: str) -> str:
    """`GBP`, `iso4217:GBP` or any asset id. Returns the canonical asset id."""
    code = text.strip().removeprefix("iso4217:")
    if code.upper() in CURRENCIES:
        return f"iso4217:{code.upper()}"
    fix = "Use an ISO 4217 code, as GBP, or an asset id, as eip155:1/slip44:60"
    if text.startswith("iso4217:"):
        raise RegistryError(field, f"{text[:60]!r} is not a currency in use", fix)
    try:
        return parse_asset(text.strip())
    except AssetIdError as error:
        raise RegistryError(field, f"{text[:60]!r} is neither a currency nor an asset", fix) from error


def checked_account_id(field: str, text: str) -> AccountId:
    try:
        return parse_account(text)
    except AccountIdError as error:
        fix = "Write <chain>:<address> as CAIP-10 (eip155:1:0x…), or <provider>:<account id>"
        raise RegistryError(field, str(error), fix) from error


def checked_time(field: str, at: datetime) -> datetime:
    """Aware, in UTC, cut to milliseconds."""
    if at.tzinfo is None:
        raise RegistryError(field, f"{at.isoformat()} has no time zone", "Add Z or an offset")
    return to_ms(at)
