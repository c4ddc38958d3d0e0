"""Asset ids: CAIP-19 on chains, `iso4217:GBP` for fiat, `<provider>:<id>` elsewhere.

    eip155:1/slip44:60                     the native coin of Ethereum
    eip155:1/erc20:0xa0b8…eb48             a token; 0x addresses are lower case
    solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/token:EPjF…   Solana keeps its case
    iso4217:USD
    bitpanda:BEST                          what only one provider knows

Symbols are labels, never keys.
Source: CAIP-2, CAIP-19 and SLIP-44 of the Chain Agnostic Standards Alliance.
"""

import re

USD = "iso4217:USD"
EUR = "iso4217:EUR"

_CHAIN = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}")
_CAIP19 = re.compile(
    r"(?P<chain>[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32})/(?P<kind>[-a-z0-9]{3,8}):(?P<reference>[-.%a-zA-Z0-9]{1,128})"
)
_FIAT = re.compile(r"iso4217:[A-Z]{3}")
_OWN = re.compile(r"[a-z][a-z0-9_-]{1,31}:[^\s/]{1,128}")


class AssetIdError(ValueError):
    """The text is not an asset id; the message says which form was expected."""


def parse_asset(text: str) -> str:
    """The canonical spelling of an asset id: 0x references in lower case, the rest untouched."""
    if match := _CAIP19.fullmatch(text):
        reference = match["reference"]
        if reference[:2] in ("0x", "0X"):
            reference = reference.lower()
        return f"{match['chain']}/{match['kind']}:{reference}"
    if text.startswith("iso4217:"):
        if _FIAT.fullmatch(text):
            return text
        raise AssetIdError(f"asset {text!r}: a fiat currency is iso4217: and three capital letters, as iso4217:GBP")
    if "/" not in text and _OWN.fullmatch(text):
        return text
    raise AssetIdError(f"asset {text[:80]!r}: expected CAIP-19 (eip155:1/erc20:0x…), iso4217:GBP, or <provider>:<id>")


def parse_chain(text: str) -> str:
    """A CAIP-2 chain id, as `eip155:1`."""
    if not _CHAIN.fullmatch(text):
        raise AssetIdError(f"chain {text[:60]!r}: expected CAIP-2, as eip155:1")
    return text


def chain_of(asset: str) -> str | None:
    """The CAIP-2 chain an asset lives on; None for fiat and for a provider's own assets."""
    chain, slash, _ = asset.partition("/")
    return chain if slash else None


def erc20(chain: str, address: str) -> str:
    return f"{chain}/erc20:{address.lower()}"


def is_fiat(asset: str) -> bool:
    return asset.startswith("iso4217:")


def fiat(code: str) -> str:
    return f"iso4217:{code.upper()}"
