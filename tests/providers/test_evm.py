"""The evm provider's pure parts: decoding, coins, token lists, settings, and what a node's errors mean."""

from pathlib import Path

import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.time import SystemClock
from holdfast.providers import evm
from holdfast.providers.evm import calls
from holdfast.providers.evm.coins import COINS, coin_of
from holdfast.providers.evm.decoding import to_aggregate3, to_amount, to_decimals, to_label, to_quantity, to_uint256
from holdfast.providers.evm.failures import RpcFailure, StateGoneError, is_reverted, to_error
from holdfast.providers.evm.pinning import parse_block
from holdfast.providers.evm.settings import ChainSettings, EvmSettings
from holdfast.providers.evm.tokens import load_tokens
from holdfast.providers.kit.contract import Target
from holdfast.providers.kit.errors import (
    CredentialsRejectedError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    UnexpectedResponseError,
)
from holdfast.providers.kit.session import build_session
from holdfast.settings import Configuration, Secret, SettingsError
from tests.support.bytecode import text, word

USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"


@pytest.mark.parametrize(
    ("selector", "signature"),
    [
        (calls.BALANCE_OF, "balanceOf(address)"),
        (calls.DECIMALS, "decimals()"),
        (calls.SYMBOL, "symbol()"),
        (calls.NAME, "name()"),
        (calls.AGGREGATE3, "aggregate3((address,bool,bytes)[])"),
    ],
)
def test_each_selector_is_the_hash_of_its_signature(selector: bytes, signature: str) -> None:
    assert selector == keccak(signature.encode())[:4]


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("0x0", 0),
        ("0x01", 1),
        ("0x" + "f" * 64, 2**256 - 1),
        ("0x", None),
        ("0x" + "f" * 65, None),
        ("0x-1", None),
        ("12", None),
        (12, None),
        (None, None),
        ("0x1_0", None),
        ("0x１", None),
    ],
)
def test_a_quantity_is_an_exact_int_or_nothing(answer: object, number: int | None) -> None:
    assert to_quantity(answer) == number


@given(raw=st.integers(0, 2**256 - 1), decimals=st.integers(0, 255))
def test_an_amount_loses_no_digit_at_any_number_of_decimals(raw: int, decimals: int) -> None:
    amount = to_amount(raw, decimals)
    assert amount.as_integer_ratio()[0] * 10**decimals == raw * amount.as_integer_ratio()[1]


@given(data=st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused_without_an_exception(data: bytes) -> None:
    assert to_label(data).isprintable()
    decoded = to_aggregate3(data)
    assert decoded is None or isinstance(decoded, list)
    assert (to_uint256(data) is None) == (len(data) != 32)


@pytest.mark.parametrize(("number", "decimals"), [(0, 0), (255, 255), (256, None), (2**256 - 1, None)])
def test_decimals_are_one_byte(number: int, decimals: int | None) -> None:
    assert to_decimals(word(number)) == decimals


@pytest.mark.parametrize(
    ("data", "label"),
    [
        (text("USDC"), "USDC"),
        (b"MKR".ljust(32, b"\0"), "MKR"),
        (text("a\u202e\nb\0"), "ab"),
        (text("x" * 500), "x" * 80),
        (text("\u00e9"), "é"),
        (b"\xff" * 32, ""),
        (word(32) + word(2**255), ""),
        (b"", ""),
        (None, ""),
    ],
)
def test_a_label_is_readable_text_or_empty(data: bytes | None, label: str) -> None:
    assert to_label(data) == label


def test_native_coins_have_their_own_coin_type_and_others_take_sixty() -> None:
    assert coin_of(1).asset("eip155:1") == "eip155:1/slip44:60"
    assert coin_of(137).asset("eip155:137") == "eip155:137/slip44:966"
    assert (coin_of(987654, symbol="ABC").asset("eip155:987654"), coin_of(987654, symbol="ABC").symbol) == (
        "eip155:987654/slip44:60",
        "ABC",
    )
    assert coin_of(137, symbol="MATIC")[:2] == (966, "MATIC")
    assert all(coin.symbol and coin.name for coin in COINS.values())


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (-32005, "daily request count exceeded", RateLimitedError),
        (429, "Too Many Requests", RateLimitedError),
        (-32000, "your app has exceeded its compute units per second capacity", RateLimitedError),
        (-32000, "missing trie node 1a2b (path ) state 0x1a is not available", StateGoneError),
        (-32000, "header not found", ProviderUnavailableError),
        (-32000, "hash 0x1a is not currently canonical", ProviderUnavailableError),
        (-32603, "Internal error", ProviderUnavailableError),
        (-32002, "Resource unavailable", ProviderUnavailableError),
        (-32600, "Must be authenticated!", CredentialsRejectedError),
        (-32000, "invalid API key", CredentialsRejectedError),
        (-32601, "the method eth_call does not exist", UnexpectedResponseError),
        (-32602, "invalid argument 0", UnexpectedResponseError),
    ],
)
def test_a_nodes_error_says_what_the_runtime_does_next(code: int, message: str, kind: type[ProviderError]) -> None:
    error = to_error(RpcFailure(code=code, message=message), "eth_call")
    assert type(error) is kind
    assert message in str(error)


def test_missing_history_names_the_setting_to_change() -> None:
    error = to_error(RpcFailure(code=-32000, message="missing trie node 1a2b"), "eth_call")
    assert "lower confirmation_blocks, or use an archive node in rpc_url" in str(error)


@pytest.mark.parametrize(
    ("code", "message", "reverted"),
    [
        (3, "execution reverted: paused", True),
        (-32000, "execution reverted", True),
        (-32015, "VM execution error.", True),
        (-32000, "invalid opcode: INVALID", True),
        (-32000, "out of gas", True),
        (-32603, "EVM error: OutOfGas", True),
        (-32005, "rate limited; your request was reverted to the queue", False),
        (-32000, "header not found", False),
        (-32601, "method not found", False),
    ],
)
def test_a_contracts_failure_is_told_from_the_nodes(code: int, message: str, reverted: bool) -> None:
    assert is_reverted(RpcFailure(code=code, message=message)) is reverted


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", None),
        ("number", "0x" + "f" * 64),
        ("hash", "0x12"),
        ("timestamp", "0x" + "f" * 20),
        ("timestamp", 12),
    ],
)
def test_a_block_without_a_sound_field_is_refused(field: str, value: object) -> None:
    block = {"number": "0x10", "hash": "0x" + "ab" * 32, "timestamp": "0x65000000"}
    assert parse_block(block, "eip155:1").number == 16
    with pytest.raises(UnexpectedResponseError, match=field):
        parse_block({**block, field: value}, "eip155:1")


def test_tokens_come_from_a_list_a_text_or_a_file_each_once(tmp_path: Path) -> None:
    lower = (USDC.lower(), USDT)
    for settings in (
        _chain(tokens=(USDC, USDT, USDC.lower())),
        _chain(tokens=f" {USDC}, {USDT} "),
        _chain(token_file=_write(tmp_path / "list.txt", f"# stablecoins\n{USDC}  # Circle\n\n{USDT}\n")),
        _chain(token_file=_write(tmp_path / "array.json", f'["{USDC}", "{USDT}"]')),
        _chain(
            token_file=_write(
                tmp_path / "list.json",
                f'{{"tokens": [{{"chainId": 1, "address": "{USDC}", "decimals": 6}}, {{"chainId": 10, "address": "x"}},'
                f' {{"chainId": 1, "address": "{USDT}"}}]}}',
            )
        ),
    ):
        assert load_tokens("1", settings) == lower


def test_every_bad_token_is_named_with_its_place(tmp_path: Path) -> None:
    mistyped = USDC.replace("48", "49")
    with pytest.raises(SettingsError) as caught:
        load_tokens("1", _chain(tokens=(USDT, mistyped, "0x12"), token_file=_write(tmp_path / "t.txt", "\nnonsense\n")))
    told = [str(problem) for problem in caught.value.problems]
    assert [line.split(": ")[0] for line in told] == [
        "providers.evm.chains.1.tokens, entry 2",
        "providers.evm.chains.1.tokens, entry 3",
        f"{tmp_path / 't.txt'}, line 2",
    ]
    assert "EIP-55 checksum" in told[0]


@pytest.mark.parametrize("content", ['{"tokens": 3}', "{", None])
def test_a_token_file_that_cannot_be_used_names_its_setting(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "tokens.json"
    path = _write(file, content) if content else str(file)
    with pytest.raises(SettingsError, match=r"providers\.evm\.chains\.1\.token_file"):
        load_tokens("1", _chain(token_file=path))


def test_all_that_is_wrong_with_the_chains_is_told_at_once() -> None:
    settings = EvmSettings(
        chains={"mainnet": _chain(), "1": ChainSettings(rpc_url=Secret("node:8545"), tokens=("0x12",))}
    )
    with pytest.raises(SettingsError) as caught:
        evm.build(settings, build_session(evm.MANIFEST, settings, SystemClock()), SystemClock())
    assert [problem.setting for problem in caught.value.problems] == [
        "providers.evm.chains.mainnet",
        "providers.evm.chains.1.rpc_url",
        "providers.evm.chains.1.tokens, entry 1",
    ]
    assert "node:8545" not in str(caught.value)


def test_settings_are_read_from_toml_and_environment_alike() -> None:
    table = {
        "chains": {"1": {"rpc_url": "https://node/secret", "tokens": f"{USDC},{USDT}", "confirmation_blocks": "3"}}
    }
    settings = Configuration({"providers": {"evm": table}}).section("providers.evm", EvmSettings)
    assert settings.chains["1"].confirmation_blocks == 3
    assert "secret" not in repr(settings)


async def test_an_account_on_a_chain_without_a_node_names_the_setting() -> None:
    settings = EvmSettings(chains={"1": _chain()})
    session = build_session(evm.MANIFEST, settings, SystemClock())
    provider = evm.build(settings, session, SystemClock())
    with pytest.raises(UnexpectedResponseError, match=r"\[providers\.evm\.chains\.10\]"):
        await provider.fetch(Target(feed="balances", target=f"eip155:10:{USDT}", scope="wallet"))
    await session.close()


def _chain(*, tokens: tuple[str, ...] | str = (), token_file: str = "") -> ChainSettings:
    return ChainSettings(rpc_url=Secret("http://127.0.0.1:1"), tokens=tokens, token_file=token_file)


def _write(path: Path, content: str) -> str:
    path.write_text(content, encoding="utf-8")
    return str(path)
