"""Coins that move on a real node: sent, paid out by contracts, burnt as gas, earned by a block."""

import time
from typing import Any

from tests.support.anvil import Anvil
from tests.support.bytecode import assemble

GAS = 200_000
TIP, MOST = 2 * 10**9, 50 * 10**9
"""A priority fee and the most per unit of gas, in wei."""


def fund(anvil: Anvil, address: str, wei: int) -> None:
    """Out of nowhere; it shows in the next block, as something that no transaction tells."""
    anvil.ask("anvil_impersonateAccount", address)
    anvil.put_coins(address, wei)


def pay(anvil: Anvil, sender: str, receiver: str | None, wei: int, *, data: bytes = b"", mined: bool = True) -> str:
    """A transaction, in a block of its own unless blocks are held. Returns its hash."""
    asked = {
        "from": sender,
        "to": receiver,
        "value": hex(wei),
        "data": "0x" + data.hex(),
        "gas": hex(GAS),
        "maxPriorityFeePerGas": hex(TIP),
        "maxFeePerGas": hex(MOST),
    }
    sent = str(anvil.ask("eth_sendTransaction", {name: value for name, value in asked.items() if value is not None}))
    if mined:
        _wait(anvil, sent)
    return sent


def _wait(anvil: Anvil, sent: str) -> None:
    deadline = time.monotonic() + 10
    while anvil.ask("eth_getTransactionReceipt", sent) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{sent} is in no block")
        time.sleep(0.005)


def fee_of(anvil: Anvil, sent: str) -> int:
    receipt = anvil.ask("eth_getTransactionReceipt", sent)
    return int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)


def balance_at(anvil: Anvil, address: str, block: int) -> int:
    return int(anvil.ask("eth_getBalance", address, hex(block)), 16)


def newest(anvil: Anvil) -> int:
    return int(anvil.ask("eth_blockNumber"), 16)


def pays_out(receiver: str, wei: int) -> bytes:
    """Code of a contract that sends so much to the receiver, whoever calls it with whatever."""
    call = b"\xf1"
    return assemble(0, 0, 0, 0, wei, b"\x73" + bytes.fromhex(receiver[2:]), "GAS", call, "STOP")


def without_state(anvil: Anvil, body: Any, *, before: int, message: str) -> list[dict[str, Any]] | None:
    """What a node answers to a batch that has thrown away the state of all blocks before one; None: as ever."""
    about_state = ("eth_getBalance", "eth_getTransactionCount")
    if not isinstance(body, list) or body[0]["method"] not in about_state:
        return None
    gone = {"code": -32000, "message": message}
    return [
        {"jsonrpc": "2.0", "id": one["id"], "error": gone}
        if int(one["params"][1], 16) < before
        else {"jsonrpc": "2.0", "id": one["id"], "result": anvil.ask(one["method"], *one["params"])}
        for one in body
    ]
