"""The chain that the EVM tests read: one account, and a token of every kind there is."""

from eth_hash.auto import keccak

from tests.support import bytecode
from tests.support.anvil import Anvil
from tests.support.bytecode import BALANCE_OF, BURN_ALL_GAS, DECIMALS, REVERT, SYMBOL, text, token, word

OWNER = "0x" + "ab" * 20
STRANGER = "0x" + "cd" * 20
MULTICALL3 = "0xca11bde05977b3631167028862be2a173976ca11"

STANDARD = "0x" + "11" * 20
BYTES32 = "0x" + "12" * 20
WHOLE = "0x" + "13" * 20
FINE = "0x" + "14" * 20
FINEST = "0x" + "15" * 20
SILENT = "0x" + "16" * 20
REVERTING = "0x" + "17" * 20
SHORT = "0x" + "18" * 20
LONG = "0x" + "19" * 20
MISSING = "0x" + "1a" * 20
HUGE = "0x" + "1b" * 20
EMPTY = "0x" + "1c" * 20
GREEDY = "0x" + "1d" * 20
WIDE_DECIMALS = "0x" + "1e" * 20
ALL = (
    STANDARD, BYTES32, WHOLE, FINE, FINEST, SILENT, REVERTING, SHORT, LONG, MISSING, HUGE, EMPTY, GREEDY, WIDE_DECIMALS,
)  # fmt: skip

_CODES = {
    STANDARD: token(decimals=18, symbol=text("STD"), name=text("Standard ✓")),
    BYTES32: token(decimals=18, symbol=b"MKR".ljust(32, b"\0"), name=b"Maker".ljust(32, b"\0")),
    WHOLE: token(decimals=0, symbol=text("ONE")),
    FINE: token(decimals=30, symbol=text("FINE")),
    FINEST: token(decimals=77, symbol=text("FINEST")),
    SILENT: token(decimals=None, symbol=text("SILENT")),
    REVERTING: token(decimals=18, symbol=text("REV"), balance=REVERT),
    SHORT: token(decimals=18, symbol=text("SHORT"), balance=b"\0" * 30 + b"\x07"),
    LONG: token(decimals=18, symbol=text("LONG"), balance=word(7) + word(0)),
    HUGE: token(decimals=0, symbol=text("HUGE"), balance=b"\xff" * 32),
    EMPTY: token(decimals=18, symbol=text("EMPTY")),
    GREEDY: token(decimals=18, symbol=text("GREEDY"), balance=BURN_ALL_GAS),
    WIDE_DECIMALS: bytecode.contract({BALANCE_OF: word(5), DECIMALS: word(256), SYMBOL: text("WIDE")}),
}

RAW = {
    STANDARD: 123_456_789_012_345_678_901_234,
    BYTES32: 1,
    WHOLE: 42,
    FINE: 1_000_000_000_000_000_000_000_000_000_001,
    FINEST: 3,
    SILENT: 1_000_000,
}
"""What OWNER holds, in the smallest unit."""

WEI = 1_234_567_890_123_456_789


def prepare(anvil: Anvil, *, multicall: bool) -> None:
    for address, code in _CODES.items():
        anvil.put_code(address, code)
    for address, raw in RAW.items():
        anvil.put_storage(address, balance_slot(OWNER), raw)
    anvil.put_coins(OWNER, WEI)
    anvil.put_code(MULTICALL3, bytecode.MULTICALL3 if multicall else b"")
    anvil.mine()


def balance_slot(owner: str) -> bytes:
    """Where Solidity keeps `balances[owner]` of a mapping in slot 0."""
    return keccak(bytes.fromhex(owner[2:]).rjust(32, b"\0") + bytes(32))
