"""The OKX routes as OpenAPI says them: the shapes are OKX's own, both generations."""

from typing import Any

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
    "400": "50014, 84000: the request does not fit",
    "401": "50103 to 50107, 50111 to 50113: a header is missing or wrong",
    "413": "The body is too large",
    "429": "50011: too fast, wait for Retry-After",
    "500": "50026: our error",
}


def _operation(name: str, summary: str, request: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": _ENVELOPE}}
    signed = ("ok_access_key", "ok_access_sign", "ok_access_timestamp", "ok_access_passphrase")
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "tags": ["okx"],
            "security": [{header: [] for header in signed}],
            "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
            "responses": {status: {"description": why, "content": content} for status, why in _STATUSES.items()},
        }
    }


PATHS: dict[str, Any] = {
    f"/api/{version}/defi/user/asset/platform/{what}": _operation(f"okx_{version}_{what}", summary, request)
    for version in ("v5", "v6")
    for what, summary, request in (
        ("list", "Platforms that hold something of these wallets", _LIST_REQUEST),
        ("detail", "Positions on these platforms, token by token", _DETAIL_REQUEST),
    )
}
