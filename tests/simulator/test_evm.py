"""JSON-RPC over HTTP: balances at blocks, contracts with all their manners, errors as nodes give them."""

from typing import Any

import httpx
import pytest
from eth_abi import decode, encode

from services.simulator.upstreams.evm.abi import AbiError, decode_aggregate3
from services.simulator.upstreams.evm.logs import TRANSFER
from services.simulator.world.chains import ETHEREUM, POLYGON
from services.simulator.world.tokens import ETH, FINE, FROZEN, GONE, HOLD30, MKR, POL, USDC
from services.simulator.world.wallets import Wallet
from services.simulator.world.world import block_at, block_numbered, build_world, raw_amount
from tests.simulator.conftest import FROZEN_AT

WORLD = build_world(seed=7)
OWNER = WORLD.wallets[0]
MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"
BLOCK = block_at(ETHEREUM, FROZEN_AT)


async def rpc(client: httpx.AsyncClient, method: str, *params: Any, chain: int = 1) -> Any:
    """The whole answer."""
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)}
    answer = await client.post(f"/rpc/{chain}", json=body)
    assert answer.status_code == 200
    assert answer.json()["id"] == 7
    return answer.json()


def balance_of(owner: str) -> str:
    return "0x70a08231" + encode(["address"], [owner]).hex()


async def call(client: httpx.AsyncClient, to: str, data: str, block: Any = "latest", chain: int = 1) -> Any:
    return await rpc(client, "eth_call", {"to": to, "data": data}, block, chain=chain)


@pytest.mark.parametrize("chain", [1, 137, 8453, 42161])
async def test_each_chain_says_its_id(client: httpx.AsyncClient, chain: int) -> None:
    assert (await rpc(client, "eth_chainId", chain=chain))["result"] == hex(chain)


async def test_solana_has_no_node(client: httpx.AsyncClient) -> None:
    assert (await client.post("/rpc/501", json={})).status_code == 404


async def test_the_newest_block_is_that_of_world_time(client: httpx.AsyncClient) -> None:
    block = (await rpc(client, "eth_getBlockByNumber", "latest", False))["result"]
    assert int(block["number"], 16) == BLOCK.number
    assert int(block["timestamp"], 16) == int(FROZEN_AT.timestamp()) // 12 * 12
    again = (await rpc(client, "eth_getBlockByHash", block["hash"], False))["result"]
    assert again == block
    parent = (await rpc(client, "eth_getBlockByNumber", hex(BLOCK.number - 1), False))["result"]
    assert parent["hash"] == block["parentHash"]
    assert (await rpc(client, "eth_blockNumber"))["result"] == block["number"]


async def test_a_hash_of_another_chain_and_a_block_to_come_are_null(client: httpx.AsyncClient) -> None:
    other = (await rpc(client, "eth_getBlockByNumber", "latest", False, chain=8453))["result"]["hash"]
    assert (await rpc(client, "eth_getBlockByHash", other, False))["result"] is None
    assert (await rpc(client, "eth_getBlockByNumber", hex(BLOCK.number + 1), False))["result"] is None


async def test_balances_are_those_of_the_block_asked_for(client: httpx.AsyncClient) -> None:
    older = block_numbered(ETHEREUM, BLOCK.number - 3000)
    block = (await rpc(client, "eth_getBlockByNumber", hex(older.number), False))["result"]
    by_hash = {"blockHash": block["hash"], "requireCanonical": True}
    then = raw_amount(WORLD, OWNER.account, ETH, older.time)
    now = raw_amount(WORLD, OWNER.account, ETH, BLOCK.time)
    assert then != now
    assert int((await rpc(client, "eth_getBalance", OWNER.address, by_hash))["result"], 16) == then
    assert int((await rpc(client, "eth_getBalance", OWNER.address, hex(older.number)))["result"], 16) == then
    assert int((await rpc(client, "eth_getBalance", OWNER.address, "latest"))["result"], 16) == now
    assert (await rpc(client, "eth_getBalance", "0x" + "11" * 20, "latest"))["result"] == "0x0"


@pytest.mark.parametrize("token", [USDC, HOLD30, FINE, MKR], ids=lambda token: token.symbol)
async def test_token_balances_and_decimals_are_exact(client: httpx.AsyncClient, token: Any) -> None:
    answer = await call(client, token.address, balance_of(OWNER.address))
    assert int(answer["result"], 16) == raw_amount(WORLD, OWNER.account, token, BLOCK.time) > 0
    assert int((await call(client, token.address, "0x313ce567"))["result"], 16) == token.decimals


async def test_old_tokens_answer_their_symbol_as_bytes32(client: httpx.AsyncClient) -> None:
    old = bytes.fromhex((await call(client, MKR.address, "0x95d89b41"))["result"][2:])
    new = bytes.fromhex((await call(client, USDC.address, "0x06fdde03"))["result"][2:])
    assert old == b"MKR".ljust(32, b"\0")
    assert decode(["string"], new) == ("USD Coin",)


async def test_a_frozen_token_reverts_with_its_reason(client: httpx.AsyncClient) -> None:
    error = (await call(client, FROZEN.address, balance_of(OWNER.address)))["error"]
    assert (error["code"], error["message"]) == (3, "execution reverted: token is frozen")
    assert decode(["string"], bytes.fromhex(error["data"][10:])) == ("token is frozen",)
    assert int((await call(client, FROZEN.address, "0x313ce567"))["result"], 16) == 18


async def test_a_destroyed_contract_answers_nothing(client: httpx.AsyncClient) -> None:
    assert (await call(client, GONE.address, balance_of(OWNER.address)))["result"] == "0x"
    assert (await rpc(client, "eth_getCode", GONE.address, "latest"))["result"] == "0x"
    assert len((await rpc(client, "eth_getCode", USDC.address, "latest"))["result"]) > 2


async def test_multicall_answers_each_call_alone(client: httpx.AsyncClient) -> None:
    inner = [
        (token.address, True, bytes.fromhex(balance_of(OWNER.address)[2:])) for token in (USDC, FROZEN, GONE, FINE)
    ]
    data = "0x82ad56cb" + encode(["(address,bool,bytes)[]"], [inner]).hex()
    result = bytes.fromhex((await call(client, MULTICALL3, data))["result"][2:])
    (rows,) = decode(["(bool,bytes)[]"], result)
    assert [success for success, _ in rows] == [True, False, True, True]
    assert int.from_bytes(rows[0][1], "big") == raw_amount(WORLD, OWNER.account, USDC, BLOCK.time)
    assert int.from_bytes(rows[3][1], "big") == raw_amount(WORLD, OWNER.account, FINE, BLOCK.time)
    assert rows[2][1] == b""


async def test_multicall_fails_as_a_whole_when_a_call_must_not_fail(client: httpx.AsyncClient) -> None:
    inner = [(FROZEN.address, False, bytes.fromhex(balance_of(OWNER.address)[2:]))]
    data = "0x82ad56cb" + encode(["(address,bool,bytes)[]"], [inner]).hex()
    assert "Multicall3: call failed" in (await call(client, MULTICALL3, data))["error"]["message"]


async def test_polygon_has_no_multicall(client: httpx.AsyncClient) -> None:
    assert (await rpc(client, "eth_getCode", MULTICALL3, "latest", chain=137))["result"] == "0x"
    assert (await call(client, MULTICALL3, "0x82ad56cb", chain=137))["result"] == "0x"
    holder = WORLD.wallets[6]
    balance = (await rpc(client, "eth_getBalance", holder.address, "latest", chain=137))["result"]
    assert int(balance, 16) == raw_amount(WORLD, holder.account, POL, block_at(POLYGON, FROZEN_AT).time)


def test_call_data_that_points_outside_itself_is_refused_at_once() -> None:
    huge = (32).to_bytes(32, "big") + (2**255).to_bytes(32, "big")
    with pytest.raises(AbiError):
        decode_aggregate3(huge)
    with pytest.raises(AbiError):
        decode_aggregate3(b"")


async def test_a_batch_is_answered_in_order_with_an_error_where_it_belongs(client: httpx.AsyncClient) -> None:
    batch = [
        {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []},
        {"jsonrpc": "2.0", "id": 2, "method": "eth_sendTransaction", "params": []},
        "nonsense",
    ]
    answers = (await client.post("/rpc/1", json=batch)).json()
    assert answers[0] == {"id": 1, "jsonrpc": "2.0", "result": "0x1"}
    assert [answer["error"]["code"] for answer in answers[1:]] == [-32601, -32600]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("eth_nothing", [], -32601),
        ("eth_getBalance", [], -32602),
        ("eth_getBalance", ["0x12", "latest"], -32602),
        ("eth_getBalance", [OWNER.address, "newest"], -32602),
        ("eth_getBalance", [OWNER.address, "0x7fffffff"], -32000),
        ("eth_getBalance", [OWNER.address, "0x1"], -32000),
        ("eth_call", ["no object", "latest"], -32602),
        ("eth_call", [{"to": USDC.address, "data": "0xzz"}, "latest"], -32602),
        ("eth_call", [{"to": USDC.address, "data": "0xdeadbeef"}, "latest"], -32000),
        ("eth_getBlockByHash", ["0x12", False], -32602),
    ],
)
async def test_errors_are_those_of_a_node(client: httpx.AsyncClient, method: str, params: Any, code: int) -> None:
    assert (await rpc(client, method, *params))["error"]["code"] == code


async def test_what_is_no_json_is_a_parse_error(client: httpx.AsyncClient) -> None:
    answer = await client.post("/rpc/1", content=b"[" * 100_000)
    assert answer.json()["error"]["code"] == -32700


async def test_an_empty_and_an_oversized_batch_are_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/rpc/1", json=[])).json()["error"]["code"] == -32600
    many = [{"jsonrpc": "2.0", "id": n, "method": "eth_chainId"} for n in range(1001)]
    assert (await client.post("/rpc/1", json=many)).json()[0]["error"]["message"] == "batch too large"


async def logs(client: httpx.AsyncClient, owner: str, first: int, last: int) -> list[dict[str, Any]]:
    """Of all tokens, in both directions."""
    padded = "0x" + owner[2:].lower().rjust(64, "0")
    asked = {"fromBlock": hex(first), "toBlock": hex(last)}
    found = []
    for topics in ([TRANSFER, padded], [TRANSFER, None, padded]):
        found += (await rpc(client, "eth_getLogs", asked | {"topics": topics}))["result"]
    return found


@pytest.mark.parametrize("wallet", [wallet for wallet in WORLD.wallets if wallet.chain is ETHEREUM])
async def test_the_logs_of_a_stretch_add_up_to_what_balances_changed_by(
    client: httpx.AsyncClient, wallet: Wallet
) -> None:
    """Of every token that does not grow by itself."""
    first, last = BLOCK.number - 900, BLOCK.number
    moved: dict[str, int] = {}
    for log in await logs(client, wallet.address, first + 1, last):
        assert first < int(log["blockNumber"], 16) <= last
        sign = 1 if log["topics"][2].endswith(wallet.address[2:].lower()) else -1
        moved[log["address"]] = moved.get(log["address"], 0) + sign * int(log["data"], 16)
    assert moved
    grown = {position.receipt.asset for position in WORLD.positions[wallet.account] if position.receipt}
    for (chain, address), token in WORLD.tokens.items():
        if chain == ETHEREUM.id and address and token.asset not in grown:
            before = raw_amount(WORLD, wallet.account, token, block_numbered(ETHEREUM, first).time)
            after = raw_amount(WORLD, wallet.account, token, block_numbered(ETHEREUM, last).time)
            assert moved.get(address, 0) == after - before, token.symbol


@pytest.mark.parametrize("wallet", [wallet for wallet in WORLD.wallets if wallet.chain is ETHEREUM][:1])
async def test_what_coins_did_is_told_by_balances_alone(client: httpx.AsyncClient, wallet: Wallet) -> None:
    """No transaction names anybody: coins move inside of contracts."""
    full = (await rpc(client, "eth_getBlockByNumber", "latest", True))["result"]
    assert full["transactions"] == []
    assert (await rpc(client, "eth_getTransactionCount", wallet.address, hex(BLOCK.number - 900)))["result"] == "0x0"
    assert (await rpc(client, "eth_getTransactionCount", wallet.address, "0x1"))["error"]["code"] == -32000
    assert (await rpc(client, "eth_getTransactionCount", "0x12", "latest"))["error"]["code"] == -32602


async def test_both_ends_of_a_transfer_see_the_same_log(client: httpx.AsyncClient) -> None:
    sent = next(one for one in WORLD.transfers if one.token.chain is ETHEREUM and one.token.address)
    ends = [one.rpartition(":")[2] for one in (sent.sender, sent.receiver)]
    seen = [await logs(client, end, BLOCK.number - 2000, BLOCK.number) for end in ends]
    shared = [log for log in seen[0] if log in seen[1]]
    assert shared
    assert all(log["address"] == sent.token.address.lower() for log in shared)


async def test_logs_of_other_tokens_and_of_too_many_blocks_are_not_given(client: httpx.AsyncClient) -> None:
    wide = {"fromBlock": hex(BLOCK.number - 10_000), "toBlock": "latest"}
    assert "range" in (await rpc(client, "eth_getLogs", wide))["error"]["message"]
    other = {"fromBlock": hex(BLOCK.number - 900), "toBlock": "latest", "address": ["0x" + "99" * 20]}
    assert (await rpc(client, "eth_getLogs", other))["result"] == []
