"""DALP's wire format: parsed by the provider, rendered by our dialect and by the simulator.

`to_*` reads decoded JSON, `to_json` renders a Struct; reading what was rendered gives the same Struct back. Points of
a series and percentages are JSON numbers (Decimal here), everything else that is money is text, and stays it here.
"""

from holdfast.providers.dalp.wire.envelope import (
    Collection,
    CollectionLinks,
    Links,
    PageMeta,
    Resource,
    to_collection,
    to_resource,
)
from holdfast.providers.dalp.wire.failures import DalpFailure, failure_json, to_failure
from holdfast.providers.dalp.wire.holdings import AssetRow, TokenRef, WalletShare
from holdfast.providers.dalp.wire.reading import ShapeError, to_json, to_struct
from holdfast.providers.dalp.wire.requests import (
    BALANCES_PATH,
    BREAKDOWN_PATH,
    PRESETS,
    PRESETS_PATH,
    RANGES_PATH,
    STEPS,
    balances_query,
    is_participant,
    range_query,
    self_link,
)
from holdfast.providers.dalp.wire.statistics import Breakdown, Interval, Point, Series, StatsRange, TypeShare
from holdfast.providers.dalp.wire.timestamps import TimestampError, parse_timestamp, to_timestamp

__all__ = [
    "BALANCES_PATH",
    "BREAKDOWN_PATH",
    "PRESETS",
    "PRESETS_PATH",
    "RANGES_PATH",
    "STEPS",
    "AssetRow",
    "Breakdown",
    "Collection",
    "CollectionLinks",
    "DalpFailure",
    "Interval",
    "Links",
    "PageMeta",
    "Point",
    "Resource",
    "Series",
    "ShapeError",
    "StatsRange",
    "TimestampError",
    "TokenRef",
    "TypeShare",
    "WalletShare",
    "balances_query",
    "failure_json",
    "is_participant",
    "parse_timestamp",
    "range_query",
    "self_link",
    "to_collection",
    "to_failure",
    "to_json",
    "to_resource",
    "to_struct",
    "to_timestamp",
]
