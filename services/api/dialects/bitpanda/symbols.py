"""What an asset is called on this wire: one name for one asset, the same in every answer.

    iso4217:GBP             GBP
    bitpanda:BTC            BTC             the custodian's own
    eip155:1/slip44:60      ETH             a chain's coin: nobody else can take its ticker
    eip155:1/erc20:0xa0b…   USDC.3f9c1a20   a token: anybody may call theirs USDC, so its id is part of the name

The ticker alone is the asset's displaySymbol.
"""

import hashlib
import re

from holdfast.domain.assets import chain_of

_OWN = "bitpanda:"
_FIAT = "iso4217:"


def to_symbol(asset: str, ticker: str) -> str:
    """`ticker` is what the provider of the line calls it; it may be empty, and anything."""
    for known in (_OWN, _FIAT):
        if asset.startswith(known):
            return asset.removeprefix(known)
    plain = to_ticker(asset, ticker)
    is_coin = chain_of(asset) is not None and "/slip44:" in asset
    return plain if is_coin else f"{plain}.{hashlib.sha256(asset.encode()).hexdigest()[:8]}"


def to_ticker(asset: str, ticker: str) -> str:
    """Letters and digits of the ticker, else of the asset's own id."""
    return _letters(ticker) or _letters(asset.rpartition(":")[2]) or "ASSET"


def _letters(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "", text)[:24]
