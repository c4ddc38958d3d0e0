"""The asset id of a token that OKX names by chain, address and symbol."""

import re

from holdfast.domain.assets import AssetIdError, parse_asset
from holdfast.providers.okx.wire import UnknownChainError, chain_of
from holdfast.providers.okx.wire.chains import COINS

_TOKENS = {"eip155": "erc20", "solana": "token", "tron": "trc20"}
"""CAIP-19 asset namespaces of tokens, by chain namespace."""
_EVM_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")
_NATIVE = {
    "0x" + "e" * 40,
    "0x" + "0" * 40,
    "So11111111111111111111111111111111111111111",  # the system program's stand-in for SOL, not wrapped SOL
}


def asset_of(chain_index: str, address: str, symbol: str) -> str | None:
    """CAIP-19; where the token cannot be told for certain, an id of OKX's own; None without anything to go by.

    Without an address it is the chain's coin only when the symbol says so: a token of that name elsewhere is
    not the same asset.
    """
    if address in _NATIVE or address.lower() in _NATIVE:
        return _coin(chain_index) or _own(symbol)
    if address:
        return _token(chain_index, address) or _own(f"{chain_index}:{address}" if chain_index else address)
    if chain_index in COINS and symbol.upper() in COINS[chain_index].symbols:
        return _coin(chain_index)
    return _own(symbol)


def _coin(chain_index: str) -> str | None:
    if chain_index not in COINS:
        return None
    return f"{chain_of(chain_index)}/slip44:{COINS[chain_index].slip44}"


def _token(chain_index: str, address: str) -> str | None:
    try:
        chain = chain_of(chain_index)
    except UnknownChainError:
        return None
    namespace = chain.partition(":")[0]
    if namespace not in _TOKENS or (namespace == "eip155" and not _EVM_ADDRESS.fullmatch(address)):
        return None
    try:
        return parse_asset(f"{chain}/{_TOKENS[namespace]}:{address}")
    except AssetIdError:
        return None


def _own(text: str) -> str | None:
    try:
        return parse_asset(f"okx:{text}")
    except AssetIdError:
        return None
