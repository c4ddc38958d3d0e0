"""The cluster routes' parameters and answers as OpenAPI says them: all numbers are text, and "--" is no value."""

from typing import Any

_TEXT = {"type": "string"}
_FLAG = {"type": ["boolean", "null"]}


def _parameter(name: str, description: str, *, required: bool = True, **schema: Any) -> dict[str, Any]:
    shape = {"type": "string"} | schema
    return {"name": name, "in": "query", "required": required, "description": description, "schema": shape}


TOKEN = (
    _parameter("chainIndex", "As 1, 501, or a name in use as ethereum", examples=["1"]),
    _parameter("tokenContractAddress", "The token's contract", examples=["0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"]),
    _parameter("asOf", "Ours: Unix milliseconds or ISO 8601 with a zone; now, if left out", required=False),
)
RANGE_FILTER = _parameter("rangeFilter", "1: the greatest 10, 2: 50, 3: 100", enum=["1", "2", "3"])


def _object(*names: str, **more: Any) -> dict[str, Any]:
    properties = dict.fromkeys(names, _TEXT) | more
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_ADDRESS = _object(
    "address",
    "holdingAmount",
    "holdingValueUsd",
    "holdingPercent",
    "averageHoldingPeriod",
    "lastActiveTimestamp",
    "addressRank",
    isContract=_FLAG,
    isExchange=_FLAG,
    isKol=_FLAG,
)
_CLUSTER = _object(
    "holdingAmount",
    "holdingValueUsd",
    "holdingPercent",
    "averageHoldingPeriod",
    "pnlUsd",
    "pnlPercent",
    "buyVolume",
    "averageBuyPriceUsd",
    "sellVolume",
    "averageSellPriceUsd",
    "lastActiveTimestamp",
    trendType=_object("trendType"),
    clusterAddressList={"type": "array", "items": _ADDRESS},
)


def _envelope(data: dict[str, Any]) -> dict[str, Any]:
    return _object("code", "msg", data=data)


MARKET_ENVELOPE = _envelope({"type": ["object", "array"]})
CLUSTERS_ENVELOPE = _envelope(
    {"type": "array", "maxItems": 1, "items": _object(clustList={"type": "array", "items": _CLUSTER})}
)
"""`data` is empty where nothing is known of the token, and in a refusal."""
