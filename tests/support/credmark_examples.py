"""The example answers of Credmark's documentation: returns word for word, the others as its pages show their shapes."""

import json
from decimal import Decimal
from typing import Any

RETURNS_TEXT = """
{
  "chainId": 1,
  "blockNumber": 17564308,
  "blockTimestamp": 1687791095,
  "accounts": ["0x295B61866dAA53a76CE4b3a927EFAF0059b4a90A"],
  "quoteAddress": "0x0000000000000000000000000000000000000348",
  "totalReturn": -2012.6830425388905,
  "returns": [
    {"tokenAddress": "0x3349217670f9aa55c5640a2b3d806654d27d0569", "balance": 0, "value": 0, "return": 0},
    {"tokenAddress": "0x4123a133ae3c521fd134d7b13a2dec35b56c2463", "balance": 0, "value": 0,
     "return": -69.8047007525671},
    {"tokenAddress": "0x43f11c02439e2736800433b4594994bd43cd066d", "balance": 1370583.044686943, "value": 0,
     "return": 0},
    {"tokenAddress": "0x68cfb82eacb9f198d508b514d898a403c449533e", "balance": 6992.11766117719,
     "value": 16.731523998163482, "return": -1554.260179984161},
    {"tokenAddress": "0x8588d3a5fa9f63fa150815a88fc97183104fb6dc", "balance": 250, "value": 0, "return": 0},
    {"tokenAddress": "0x88acdd2a6425c3faae4bc9650fd7e27e0bebb7ab", "balance": 57.912372252507524,
     "value": 76.2806453088368, "return": -363.67844061797985},
    {"tokenAddress": "0x8a40d1d5fd9c781e2eca06c78181f038ee4f4aa0", "balance": 23255, "value": 0, "return": 0},
    {"tokenAddress": "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", "balance": 31.62, "value": 31.613978603400003,
     "return": -0.005388996600000695},
    {"tokenAddress": "0xcd6bcca48069f8588780dfa274960f15685aee0e", "balance": 0, "value": 0, "return": 0},
    {"tokenAddress": "0xcf0c122c6b73ff809c693db761e7baebe62b6a2e", "balance": 1370583.044686943,
     "value": 36.13528068993775, "return": -24.93433218758259},
    {"tokenAddress": "0xd31a59c85ae9d8edefec411d448f90841571b89c", "balance": 0, "value": 0, "return": 0},
    {"tokenAddress": "0xf61cacbd97a5f41e9bec170f21a8ff0b276b0266", "balance": 21129.148888, "value": 0, "return": 0},
    {"tokenAddress": "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "balance": 0.2747114942399529,
     "value": 517.5840272594636, "return": 0}
  ]
}
"""
RETURNS_EXAMPLE: dict[str, Any] = json.loads(RETURNS_TEXT)

_ACCOUNTS = ["0x295B61866dAA53a76CE4b3a927EFAF0059b4a90A"]
_QUOTE = "0x0000000000000000000000000000000000000348"
_USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
_VALUED = {"tokenAddress": _USDC, "tokenPrice": 0.9998, "balance": 31.62, "value": 31.613676}
_AT = {"blockNumber": 17563853, "blockTimestamp": 1687785563}
_RANGE = {
    "startBlockNumber": 17540049,
    "endBlockNumber": 17564266,
    "startTimestamp": 1687496375,
    "endTimestamp": 1687790591,
}

POSITIONS_EXAMPLE: dict[str, Any] = {
    "chainId": 1, **_AT, "accounts": _ACCOUNTS, "positions": [{"tokenAddress": _USDC, "balance": 31.62}],
}  # fmt: skip
VALUE_EXAMPLE: dict[str, Any] = {
    "chainId": 1, **_AT, "accounts": _ACCOUNTS, "quoteAddress": _QUOTE, "value": 679.1051361724352,
}  # fmt: skip
VALUE_WITH_POSITIONS_EXAMPLE: dict[str, Any] = VALUE_EXAMPLE | {"positions": [_VALUED]}
POSITIONS_HISTORY_EXAMPLE: dict[str, Any] = {
    "chainId": 1, **_RANGE, "accounts": _ACCOUNTS,
    "data": [{"blockNumber": 17540266, "blockTimestamp": 1687499003,
              "positions": [{"tokenAddress": _USDC, "balance": 31.62}]}],
}  # fmt: skip
VALUE_HISTORY_EXAMPLE: dict[str, Any] = {
    "chainId": 1, **_RANGE, "accounts": _ACCOUNTS, "quoteAddress": _QUOTE,
    "data": [{"blockNumber": 17540266, "blockTimestamp": 1687499003, "value": 31.613676}],
}  # fmt: skip


def exact(text: str | bytes) -> Any:
    """JSON with numbers as they are written."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)
