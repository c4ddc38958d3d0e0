"""OKX's wire format, both generations: parsed by the provider, rendered by our dialect and by the simulator.

Structs carry v6 names. `to_*` reads either generation leniently; `to_json(struct, V5 or V6)` renders one;
reading what was rendered gives the same Struct back.
"""

from holdfast.providers.okx.wire.chains import UnknownChainError, chain_of, index_of, is_chain
from holdfast.providers.okx.wire.details import (
    AssetMap,
    Investment,
    Market,
    NetworkHold,
    PlatformDetail,
    Position,
    Token,
    TokenGroup,
    WalletDetail,
    to_details,
)
from holdfast.providers.okx.wire.envelope import Envelope, error_answer, ok_answer, to_envelope
from holdfast.providers.okx.wire.holdings import (
    Holdings,
    LpToken,
    NetworkBalance,
    Platform,
    WalletPlatforms,
    to_holdings,
)
from holdfast.providers.okx.wire.reading import ShapeError
from holdfast.providers.okx.wire.rendering import GENERATIONS, V5, V6, Generation, Version, to_json
from holdfast.providers.okx.wire.requests import (
    DetailRequest,
    ListRequest,
    PlatformRef,
    Wallet,
    detail_path,
    detail_request_json,
    list_path,
    list_request_json,
    to_detail_request,
    to_list_request,
)

__all__ = [
    "GENERATIONS",
    "V5",
    "V6",
    "AssetMap",
    "DetailRequest",
    "Envelope",
    "Generation",
    "Holdings",
    "Investment",
    "ListRequest",
    "LpToken",
    "Market",
    "NetworkBalance",
    "NetworkHold",
    "Platform",
    "PlatformDetail",
    "PlatformRef",
    "Position",
    "ShapeError",
    "Token",
    "TokenGroup",
    "UnknownChainError",
    "Version",
    "Wallet",
    "WalletDetail",
    "WalletPlatforms",
    "chain_of",
    "detail_path",
    "detail_request_json",
    "error_answer",
    "index_of",
    "is_chain",
    "list_path",
    "list_request_json",
    "ok_answer",
    "to_detail_request",
    "to_details",
    "to_envelope",
    "to_holdings",
    "to_json",
    "to_list_request",
]
