"""What is asked: the platforms of wallets, then the positions on platforms.

    POST /api/v6/defi/user/asset/platform/list     {"walletAddressList": [{"chainIndex", "walletAddress"}]}
    POST /api/v6/defi/user/asset/platform/detail   … and {"platformList": [{"analysisPlatformId", "chainIndex"}]}

v5 puts the wallets of a detail request one level deeper and asks for one platform at a time. Its
documentation says `walletAddressList` at the top, its example and live clients send `accountIdInfoList`; we
send the example's shape and read both.
"""

from typing import Any

from msgspec import Struct

from holdfast.providers.okx.wire.reading import ShapeError, to_struct
from holdfast.providers.okx.wire.rendering import Generation, to_json


class Wallet(Struct, frozen=True, kw_only=True, rename="camel"):
    chain_index: str
    wallet_address: str


class PlatformRef(Struct, frozen=True, kw_only=True, rename="camel"):
    analysis_platform_id: str
    chain_index: str


class ListRequest(Struct, frozen=True, kw_only=True, rename="camel"):
    wallet_address_list: tuple[Wallet, ...]


class DetailRequest(Struct, frozen=True, kw_only=True, rename="camel"):
    """In v5 one platform; the chains are those of the wallets."""

    wallet_address_list: tuple[Wallet, ...]
    platform_list: tuple[PlatformRef, ...]


class _Account(Struct, frozen=True, kw_only=True, rename="camel"):
    wallet_address_list: tuple[Wallet, ...]


class _DetailRequestV5(Struct, frozen=True, kw_only=True, rename="camel"):
    analysis_platform_id: str
    account_id_info_list: tuple[_Account, ...] = ()
    wallet_address_list: tuple[Wallet, ...] = ()


def list_path(generation: Generation) -> str:
    return f"/api/{generation.version}/defi/user/asset/platform/list"


def detail_path(generation: Generation) -> str:
    return f"/api/{generation.version}/defi/user/asset/platform/detail"


def list_request_json(request: ListRequest, generation: Generation) -> Any:
    return to_json(request, generation)


def detail_request_json(request: DetailRequest, generation: Generation) -> Any:
    if generation.version == "v6":
        return to_json(request, generation)
    body = to_json(
        _DetailRequestV5(
            analysis_platform_id=request.platform_list[0].analysis_platform_id,
            account_id_info_list=(_Account(wallet_address_list=request.wallet_address_list),),
        ),
        generation,
    )
    del body["walletAddressList"]
    return body


def to_list_request(value: object) -> ListRequest:
    """Of either generation. Raises ShapeError."""
    return to_struct(value, ListRequest)


def to_detail_request(value: object) -> DetailRequest:
    """Of either generation. Raises ShapeError."""
    if isinstance(value, dict) and "platformList" in value:
        return to_struct(value, DetailRequest)
    asked = to_struct(value, _DetailRequestV5)
    wallets = asked.wallet_address_list or tuple(
        wallet for account in asked.account_id_info_list for wallet in account.wallet_address_list
    )
    if not wallets:
        raise ShapeError("Object missing required field `walletAddressList`")
    chains = dict.fromkeys(wallet.chain_index for wallet in wallets)
    return DetailRequest(
        wallet_address_list=wallets,
        platform_list=tuple(
            PlatformRef(analysis_platform_id=asked.analysis_platform_id, chain_index=chain) for chain in chains
        ),
    )
