"""Who may ask: the four headers, checked as OKX checks them.

The signature is worked out here anew, from OKX's documentation, and not with the provider's own
function: a check that shares the signer's code would share its mistakes.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from holdfast.settings import Secret
from services.simulator.exchange import Request
from services.simulator.upstreams.okx.errors import OkxError

WINDOW = timedelta(seconds=30)
"""How far a timestamp may be from now. OKX does not document it for this API; its exchange API has 30 s."""


class Credential(Struct, frozen=True, kw_only=True):
    """One API key of a customer."""

    key: str
    secret: Secret
    passphrase: Secret


def check(request: Request, credentials: Sequence[Credential], now: datetime) -> Credential:
    """Whose request it is; `now` is real time. Raises OkxError with the code of what is wrong."""
    headers = request.headers
    for name, code in _REQUIRED:
        if not headers.get(name.lower()):
            raise OkxError(code, f"Request header {name} can not be empty.")
    known = next((one for one in credentials if one.key == headers["ok-access-key"]), None)
    if known is None:
        raise OkxError("50111", "Invalid OK-ACCESS-KEY")
    _check_time(headers["ok-access-timestamp"], now)
    if not _equal(headers["ok-access-passphrase"], known.passphrase.reveal()):
        raise OkxError("50105", "Request header OK-ACCESS-PASSPHRASE incorrect.")
    if not _equal(headers["ok-access-sign"], signature(request, known)):
        raise OkxError("50113", "Invalid Sign")
    return known


_REQUIRED = (
    ("OK-ACCESS-KEY", "50103"),
    ("OK-ACCESS-PASSPHRASE", "50104"),
    ("OK-ACCESS-SIGN", "50106"),
    ("OK-ACCESS-TIMESTAMP", "50107"),
)


def signature(request: Request, credential: Credential) -> str:
    """base64(HMAC-SHA256(secret, timestamp + METHOD + path with query + body))."""
    signed = request.headers["ok-access-timestamp"] + request.method.upper() + request.target
    mac = hmac.new(credential.secret.reveal().encode(), signed.encode() + request.body, hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def _check_time(text: str, now: datetime) -> None:
    try:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        raise OkxError("50112", "Invalid OK-ACCESS-TIMESTAMP") from None
    if abs(now - at) > WINDOW:
        raise OkxError("50112", "Invalid OK-ACCESS-TIMESTAMP: expired")


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
