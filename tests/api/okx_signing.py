"""The four headers of a client of ours, worked out as OKX documents it and not by our own signing."""

import base64
import hashlib
import hmac

from holdfast.registry.keys import derive_credentials
from tests.api.conftest import MASTER_KEY, World

NOW = "2026-03-01T12:30:00.000Z"


def signed(
    world: World, target: str, body: bytes = b"", *, method: str = "GET", key: str = "acme", timestamp: str = NOW
) -> dict[str, str]:
    """`target` is the path with its query, as it is sent."""
    key_id = world.keys[key].split("_")[1]
    credentials = derive_credentials(MASTER_KEY, key_id, dialect="okx")
    message = f"{timestamp}{method}{target}".encode() + body
    signature = hmac.new(credentials.secret.reveal().encode(), message, hashlib.sha256).digest()
    return {
        "OK-ACCESS-KEY": key_id,
        "OK-ACCESS-PASSPHRASE": credentials.passphrase.reveal(),
        "OK-ACCESS-TIMESTAMP": timestamp,
        "OK-ACCESS-SIGN": base64.b64encode(signature).decode(),
    }
