"""The OKX routes as OpenAPI says them: the shapes are OKX's own, both generations."""

from typing import Any

from holdfast.providers.okx.wire import cluster_path
from services.api.dialects.okx.cluster_schemas import CLUSTERS_ENVELOPE, MARKET_ENVELOPE, RANGE_FILTER, TOKEN

_TEXT = {"type": "string"}
_CODE = {"type": ["string", "integer"], "description": "0 is success; v5 writes numbers, v6 text."}
_WALLETS = {
    "type": "array",
    "minItems": 1,
    "maxItems": 500,
    "items": {
        "type": "object",
        "properties": {
            "chainId": {"type": ["string", "integer"], "description": "v5", "examples": ["1", 56]},
            "chainIndex": {"type": ["string", "integer"], "description": "v6", "examples": ["1"]},
            "walletAddress": _TEXT,
        },
        "required": ["walletAddress"],
    },
}
_LIST_REQUEST = {
    "type": "object",
    "properties": {"walletAddressList": _WALLETS},
    "required": ["walletAddressList"],
}
_DETAIL_REQUEST = {
    "type": "object",
    "properties": {
        "walletAddressList": _WALLETS,
        "platformList": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"analysisPlatformId": {"type": ["string", "integer"]}, "chainIndex": _TEXT},
                "required": ["analysisPlatformId", "chainIndex"],
            },
        },
        "analysisPlatformId": {"type": ["string", "integer"], "description": "v5"},
        "accountIdInfoList": {
            "type": "array",
            "items": {"type": "object", "properties": {"walletAddressList": _WALLETS}},
        },
    },
}
_ENVELOPE = {
    "type": "object",
    "properties": {
        "code": _CODE,
        "msg": _TEXT,
        "error_code": _TEXT,
        "error_message": _TEXT,
        "detailMsg": _TEXT,
        "data": {"type": ["object", "array", "null"]},
    },
    "required": ["code", "msg", "data"],
}
_STATUSES = {
    "200": "Success, or a business error told by `code` (84003, 84019, 84021)",
    "400": "50014, 51000, 84000: the request does not fit",
    "401": "50103 to 50107, 50111 to 50113: a header is missing or wrong",
    "413": "The body is too large",
    "429": "50011: too fast, wait for Retry-After",
    "500": "50026: our error",
}


def _operation(name: str, summary: str, envelope: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": envelope}}
    signed = ("ok_access_key", "ok_access_sign", "ok_access_timestamp", "ok_access_passphrase")
    return {
        "operationId": name,
        "summary": summary,
        "tags": ["okx"],
        "security": [{header: [] for header in signed}],
        "responses": {status: {"description": why, "content": content} for status, why in _STATUSES.items()},
    }


def _posted(name: str, summary: str, request: dict[str, Any]) -> dict[str, Any]:
    body = {"required": True, "content": {"application/json": {"schema": request}}}
    return {"post": _operation(name, summary, _ENVELOPE) | {"requestBody": body}}


def _asked(name: str, summary: str, envelope: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    return {"get": _operation(name, summary, envelope) | {"parameters": list(parameters)}}


_PLATFORM_PATHS: dict[str, Any] = {
    f"/api/{version}/defi/user/asset/platform/{what}": _posted(f"okx_{version}_{what}", summary, request)
    for version in ("v5", "v6")
    for what, summary, request in (
        ("list", "Platforms that hold something of these wallets", _LIST_REQUEST),
        ("detail", "Positions on these platforms, token by token", _DETAIL_REQUEST),
    )
}
_DISCOVERY_PATHS: dict[str, Any] = {
    f"/api/v6/defi/product/{what}": _asked(f"okx_v6_{what.replace('-', '_')}", summary, _ENVELOPE)
    for what, summary in (
        ("supported-chains", "Chains that accounts of the caller's are on"),
        ("supported-platforms", "Platforms that hold something of the caller's"),
    )
}
_CLUSTER_PATHS: dict[str, Any] = {
    cluster_path("supported/chain"): _asked("okx_cluster_chains", "Chains with clusters", MARKET_ENVELOPE),
    cluster_path("list"): _asked("okx_clusters", "Clusters of a token's holders", CLUSTERS_ENVELOPE, *TOKEN),
    cluster_path("overview"): _asked("okx_cluster_overview", "A token's holders in figures", MARKET_ENVELOPE, *TOKEN),
    cluster_path("top-holders"): _asked(
        "okx_top_holders", "The greatest holders, taken together", MARKET_ENVELOPE, *TOKEN, RANGE_FILTER
    ),
}
PATHS: dict[str, Any] = _PLATFORM_PATHS | _DISCOVERY_PATHS | _CLUSTER_PATHS
