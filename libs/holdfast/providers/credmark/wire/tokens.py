"""Tokens and quotes: their addresses on this wire, and the asset ids that they stand for.

A fiat currency is the address that its ISO 4217 number makes in hexadecimal: 0x…0348 is 840, the US dollar.
Source: docs.credmark.com for the dollar; Chainlink's `Denominations.sol`, whose scheme it is, for the others.
"""

import re

from holdfast.domain.assets import erc20, fiat

COIN_ADDRESS = "0x" + "e" * 40
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")
_COINS = {56: 714, 100: 700, 137: 966, 250: 1007, 43114: 9005}
"""SLIP-44 numbers by chain id; every other chain's coin is an ether, 60."""
_NUMBERS = {
    "ARS": 32, "AUD": 36, "BGN": 975, "BRL": 986, "CAD": 124, "CHF": 756, "CNY": 156, "CZK": 203, "DKK": 208,
    "EUR": 978, "GBP": 826, "HKD": 344, "HUF": 348, "IDR": 360, "ILS": 376, "INR": 356, "ISK": 352, "JPY": 392,
    "KRW": 410, "MXN": 484, "MYR": 458, "NGN": 566, "NOK": 578, "NZD": 554, "PHP": 608, "PLN": 985, "RON": 946,
    "RUB": 643, "SEK": 752, "SGD": 702, "THB": 764, "TRY": 949, "USD": 840, "ZAR": 710,
}  # fmt: skip
"""What the European Central Bank quotes, and what Chainlink names besides."""
_CODES = {number: code for code, number in _NUMBERS.items()}


def fiat_address(code: str) -> str:
    """Raises KeyError for a currency that has no address here."""
    return f"0x{_NUMBERS[code]:040x}"


USD_ADDRESS = fiat_address("USD")
"""What everything is quoted in unless another `quoteAddress` is asked for."""


def is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None


def chain_of(chain_id: int) -> str:
    return f"eip155:{chain_id}"


def coin_of(chain_id: int) -> str:
    return f"{chain_of(chain_id)}/slip44:{_COINS.get(chain_id, 60)}"


def token_asset(chain_id: int, address: str) -> str:
    """The asset id of a token, or of the chain's coin. `address` must be one."""
    return coin_of(chain_id) if address.lower() == COIN_ADDRESS else erc20(chain_of(chain_id), address)


def quote_asset(chain_id: int, address: str) -> str:
    """The same for what something is quoted in: a currency, or a token of the chain."""
    code = _CODES.get(int(address, 16))
    return fiat(code) if code else token_asset(chain_id, address)


def token_address(asset: str) -> str | None:
    """Of a chain's coin or token; None for what this wire has no name for."""
    _, slash, token = asset.partition("/")
    kind, _, reference = token.partition(":")
    if slash and kind == "slip44":
        return COIN_ADDRESS
    is_token = slash and kind == "erc20" and is_address(reference) and reference != COIN_ADDRESS
    return reference if is_token else None
