"""Who asks, by OKX's four headers. The secret and passphrase of a key are derived, so nothing readable is stored."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from holdfast.providers.okx.signing import sign
from holdfast.registry.keys import derive_credentials, same_secret
from holdfast.registry.records import ApiKey
from services.api.callers import Caller
from services.api.dialects.okx import failures
from services.api.dialects.okx.failures import OkxError
from services.api.resources import Resources

DIALECT = "okx"
_REQUIRED = (
    ("ok-access-key", failures.MISSING_KEY),
    ("ok-access-passphrase", failures.MISSING_PASSPHRASE),
    ("ok-access-sign", failures.MISSING_SIGN),
    ("ok-access-timestamp", failures.MISSING_TIMESTAMP),
)


def authenticate(api: Resources, headers: Mapping[str, str], *, method: str, path: str, body: bytes) -> Caller:
    """The caller whose key signed exactly these bytes, a moment ago. Raises OkxError."""
    for name, code in _REQUIRED:
        if not headers.get(name):
            raise OkxError(code, f"Request header {name.upper()} can not be empty")
    timestamp = headers["ok-access-timestamp"]
    _check_time(api, timestamp)
    key_id = headers["ok-access-key"]
    key = _live(api, key_id)
    if key is None:
        raise OkxError(failures.WRONG_KEY, "Invalid OK-ACCESS-KEY")
    credentials = derive_credentials(api.settings.master_key, key_id, dialect=DIALECT)
    if not same_secret(headers["ok-access-passphrase"], credentials.passphrase.reveal()):
        raise OkxError(failures.WRONG_PASSPHRASE, "Incorrect OK-ACCESS-PASSPHRASE")
    right = sign(credentials.secret.reveal(), timestamp=timestamp, method=method, path=path, body=body)
    if not same_secret(headers["ok-access-sign"], right):
        raise OkxError(failures.WRONG_SIGN, "Invalid OK-ACCESS-SIGN")
    return Caller(key=key.id, tenant=key.tenant, portfolio=key.portfolio, at=api.clock.now())


def _live(api: Resources, key_id: str) -> ApiKey | None:
    """None for unknown and revoked keys, and for all while the deployment has no master key."""
    key = api.registry.keys.get(key_id)
    return key if key is not None and key.revoked_at is None and api.settings.master_key else None


def _check_time(api: Resources, timestamp: str) -> None:
    window = timedelta(seconds=api.settings.timestamp_window_s)
    try:
        said = datetime.fromisoformat(timestamp)
        at = None if said.tzinfo is None else said.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # at either end of time, another zone is another year
        raise OkxError(failures.WRONG_TIMESTAMP, "Invalid OK-ACCESS-TIMESTAMP") from error
    if at is None or abs(api.clock.now() - at) > window:
        raise OkxError(failures.WRONG_TIMESTAMP, "OK-ACCESS-TIMESTAMP is outside the window")
