"""OKX's wire format: what we render is what we read, in both generations."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.providers.evm.coins import COINS as EVM_COINS
from holdfast.providers.kit.strict_json import decode
from holdfast.providers.okx import wire
from holdfast.providers.okx.wire import V5, V6, Generation
from holdfast.providers.okx.wire.chains import COINS

GENERATIONS = [pytest.param(V5, id="v5"), pytest.param(V6, id="v6")]

texts = st.text(st.characters(codec="utf-8"), max_size=12).filter(lambda text: text != "--")
numbers = st.decimals(0, 10**30, allow_nan=False, places=33).map(lambda number: format(number, "f")) | st.just("")
ids = st.integers(1, 10**9).map(str)
chains = st.sampled_from(sorted(COINS))
counts = st.none() | st.integers(0, 1000)


def tuples(of: st.SearchStrategy[Any], at_most: int = 2) -> st.SearchStrategy[Any]:
    return st.lists(of, max_size=at_most).map(tuple)


networks = st.builds(
    wire.NetworkBalance,
    network=texts,
    network_logo=texts,
    chain_index=chains,
    currency_amount=numbers,
    investment_count=counts,
)
platforms = st.builds(
    wire.Platform,
    platform_name=texts,
    analysis_platform_id=ids,
    platform_logo=texts,
    platform_color=texts,
    currency_amount=numbers,
    is_support_invest=st.booleans(),
    bonus_tag=counts,
    platform_url=texts,
    network_balance_list=tuples(networks),
    investment_count=counts,
)
wallets = st.builds(
    wire.WalletPlatforms,
    platform_list=tuples(platforms),
    wallet_id=texts,
    wallet_address=texts,
    total_assets=numbers,
)
holdings = st.builds(
    wire.Holdings,
    wallet_id_platform_list=tuples(wallets),
    lp_token_address_list=tuples(
        st.builds(wire.LpToken, chain_index=chains, token_address=texts.filter(lambda text: text != ""))
    ),
    update_at=st.none() | st.integers(0, 2**50),
    asset_status=counts,
)
# A deep tree of many draws takes seconds an example; short lists of a few texts find as much.
names = st.sampled_from(("", "Aave V3", "ETH", "0x" + "e" * 40, "a/b", "é\u2028"))
amounts = st.sampled_from(("", "0", "10076.999426431322729394061370751783986", "1" + "0" * 40, "-1"))
tokens = st.builds(
    wire.Token,
    token_symbol=names,
    coin_amount=amounts,
    currency_amount=amounts,
    token_precision=counts,
    token_address=names,
    network=names,
    chain_index=chains | st.just(""),
)
groups = st.builds(wire.TokenGroup, base_defi_token_infos=tuples(tokens, 1), reward_type=names, currency_amount=amounts)
positions = st.builds(
    wire.Position,
    token_id=names,
    position_name=names,
    position_status=names,
    range=names,
    assets_token_list=tuples(tokens, 1),
    unclaim_fees_defi_token_info=tuples(groups, 1),
    total_value=amounts,
)
investments = st.builds(
    wire.Investment,
    invest_type=counts,
    invest_name=names,
    investment_id=ids,
    investment_name=names,
    investment_key=names,
    aggregate_product_id=names,
    pool_address=names,
    assets_token_list=tuples(tokens, 1),
    borrow_token_list=tuples(tokens, 1),
    position_list=tuples(positions, 1),
    non_pool_position_list=tuples(positions, 1),
    reward_defi_token_info=tuples(groups, 1),
    total_value=amounts,
)
markets = st.builds(
    wire.Market,
    market_id=names,
    asset_map=st.builds(wire.AssetMap, supply=tuples(investments, 1), borrow=tuples(investments, 1)),
    market_rewards=tuples(groups, 1),
    total_value=amounts,
)
holds = st.builds(
    wire.NetworkHold,
    network=names,
    chain_index=chains,
    total_assert=amounts,
    invest_token_balance_vo_list=tuples(investments, 1),
    invest_market_token_balance_vo_list=tuples(markets, 1),
    available_rewards=tuples(groups, 1),
    air_drop_reward_info=tuples(groups, 1),
)
details = st.builds(
    wire.PlatformDetail,
    wallet_id_platform_detail_list=tuples(
        st.builds(wire.WalletDetail, network_hold_vo_list=tuples(holds, 1), account_id=names, wallet_address=names)
    ),
    platform_name=names,
    analysis_platform_id=ids,
    platform_logo=names,
    platform_url=names,
)
asked_wallets = st.builds(wire.Wallet, chain_index=chains, wallet_address=texts.filter(bool))


def over_the_wire(body: Any) -> object:
    return decode(msgspec.json.encode(body))


def answered(data: Any, generation: Generation) -> object:
    envelope = wire.to_envelope(over_the_wire(wire.ok_answer(data, generation)))
    assert envelope.is_ok
    return envelope.data


@pytest.mark.parametrize("generation", GENERATIONS)
@given(value=holdings)
def test_holdings_are_read_as_they_were_rendered(generation: Generation, value: wire.Holdings) -> None:
    assert wire.to_holdings(answered(wire.to_json(value, generation), generation)) == value


@pytest.mark.parametrize("generation", GENERATIONS)
@settings(max_examples=50, deadline=None)
@given(value=details)
def test_details_are_read_as_they_were_rendered(generation: Generation, value: wire.PlatformDetail) -> None:
    data = wire.to_json((value,) if generation.detail_in_list else value, generation)
    assert wire.to_details(answered(data, generation)) == (value,)


@pytest.mark.parametrize("generation", GENERATIONS)
@given(value=st.builds(wire.ListRequest, wallet_address_list=tuples(asked_wallets)))
def test_list_requests_are_read_as_they_were_rendered(generation: Generation, value: wire.ListRequest) -> None:
    assert wire.to_list_request(over_the_wire(wire.list_request_json(value, generation))) == value


@given(platform=ids, wallet=asked_wallets)
def test_detail_requests_are_read_as_they_were_rendered(platform: str, wallet: wire.Wallet) -> None:
    value = wire.DetailRequest(
        wallet_address_list=(wallet,),
        platform_list=(wire.PlatformRef(analysis_platform_id=platform, chain_index=wallet.chain_index),),
    )
    for generation in (V5, V6):
        assert wire.to_detail_request(over_the_wire(wire.detail_request_json(value, generation))) == value


def test_v5_spells_ids_as_numbers_and_v6_as_text() -> None:
    value = wire.Holdings(
        wallet_id_platform_list=(
            wire.WalletPlatforms(
                platform_list=(
                    wire.Platform(
                        analysis_platform_id="118265", network_balance_list=(wire.NetworkBalance(chain_index="1"),)
                    ),
                )
            ),
        )
    )
    v5 = wire.to_json(value, V5)["walletIdPlatformList"][0]["platformList"][0]
    v6 = wire.to_json(value, V6)["walletIdPlatformList"][0]["platformList"][0]
    assert (v5["analysisPlatformId"], v5["networkBalanceVoList"][0]["chainId"]) == (118265, 1)
    assert (v6["analysisPlatformId"], v6["networkBalanceList"][0]["chainIndex"]) == ("118265", "1")
    assert (wire.ok_answer({}, V5)["code"], wire.ok_answer({}, V6)["code"]) == (0, "0")
    assert (wire.error_answer("50011", "", V5)["code"], wire.error_answer("50011", "", V6)["code"]) == (50011, "50011")


def test_the_seeds_request_with_chain_names_is_read() -> None:
    body = b"""{"walletAddressList": [
        {"chainId": "ethereum", "walletAddress": "0x742d35Cc6634C0532925a3b8D4C7d2f7D3cBf9F6"},
        {"chainId": "bsc", "walletAddress": "0x8f3cf7ad23cd3cadbd9735aff958023239c6a063"}]}"""
    asked = wire.to_list_request(decode(body))
    assert [wire.chain_of(wallet.chain_index) for wallet in asked.wallet_address_list] == ["eip155:1", "eip155:56"]


def test_the_documented_shape_of_a_v5_detail_request_is_read_too() -> None:
    body = b'{"analysisPlatformId": "260", "walletAddressList": [{"chainId": 42161, "walletAddress": "0x7f"}]}'
    wallet = wire.Wallet(chain_index="42161", wallet_address="0x7f")
    reference = wire.PlatformRef(analysis_platform_id="260", chain_index="42161")
    assert wire.to_detail_request(decode(body)) == wire.DetailRequest(
        wallet_address_list=(wallet,), platform_list=(reference,)
    )


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"code": null}', b'{"code": true, "data": 1}', b'{"code": 0}', b'{"data": []}', b'"x"']
)
def test_what_is_no_envelope_is_refused(body: bytes) -> None:
    with pytest.raises(wire.ShapeError):
        wire.to_envelope(decode(body))


def test_the_documentations_example_is_read_to_its_last_digit() -> None:
    example = {
        "code": 0, "msg": "", "error_code": "0", "error_message": "", "detailMsg": "",
        "data": {"walletIdPlatformList": [{"platformList": [{
            "platformName": "Ethena", "analysisPlatformId": 118265, "platformLogo": "", "platformColor": "",
            "currencyAmount": "10076.999426431322729394061370751783986", "isSupportInvest": True, "bonusTag": 0,
            "platformUrl": "https://app.ethena.fi", "investmentCount": 1,
            "networkBalanceVoList": [{"network": "ETH", "networkLogo": "", "chainId": 1,
                                      "currencyAmount": "10076.999426431322729394061370751783986"}]}]}]},
    }  # fmt: skip
    (wallet,) = wire.to_holdings(wire.to_envelope(decode(json.dumps(example).encode())).data).wallet_id_platform_list
    (platform,) = wallet.platform_list
    assert platform.analysis_platform_id == "118265"
    assert platform.currency_amount == "10076.999426431322729394061370751783986"
    assert platform.network_balance_list[0].chain_index == "1"


@pytest.mark.parametrize("index", sorted(COINS))
def test_a_chain_index_and_its_chain_name_each_other(index: str) -> None:
    assert wire.index_of(wire.chain_of(index)) == index
    assert wire.chain_of(int(index)) == wire.chain_of(index)


def test_any_evm_chain_has_an_index() -> None:
    assert wire.index_of("eip155:777777") == "777777"
    assert wire.chain_of("777777") == "eip155:777777"


@pytest.mark.parametrize("name", ["", "no such chain", "-1", "01", "1.0", "١", "eip155:1"])
def test_an_unknown_chain_is_refused(name: str) -> None:
    with pytest.raises(wire.UnknownChainError):
        wire.chain_of(name)


def test_a_chain_that_okx_does_not_number_is_refused() -> None:
    with pytest.raises(wire.UnknownChainError):
        wire.index_of("cosmos:cosmoshub-4")


def test_native_coins_have_the_same_id_as_with_the_evm_provider() -> None:
    """Else one coin would be two assets, and the price of one would not be found for the other."""
    for chain_id, coin in EVM_COINS.items():
        if str(chain_id) in COINS:
            assert COINS[str(chain_id)].slip44 == coin.slip44, chain_id
