"""Account ids: CAIP-10 on chains, `<provider>:<account id>` elsewhere.

    eip155:1:0x742d35cc6634c0532925a3b844bc9e7595f0beb5
    solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:7S3P4HxJpyyigGzodYwHtCxZyUQe9JiBMHyRWXArAaKv
    bitpanda:user-17

0x addresses are compared in lower case; one written in mixed case must carry a right EIP-55
checksum, because a wrong one is a typing error that would track a stranger's wallet.
Source: CAIP-10; EIP-55.
"""

import re

from eth_hash.auto import keccak
from msgspec import Struct

_EVM = re.compile(r"0[xX][0-9a-fA-F]{40}")
_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}")
_BASE58_DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_CAIP10 = re.compile(r"(?P<chain>[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}):(?P<address>[-.%a-zA-Z0-9]{1,128})")
_OWN = re.compile(r"(?P<provider>[a-z][a-z0-9_-]{1,31}):(?P<id>[^\s:/.*>]{1,128})")


class AccountIdError(ValueError):
    """The text is not an account id; the message names what is wrong with it."""


class AccountId(Struct, frozen=True, kw_only=True):
    """An account: its canonical id (the key everywhere) and the spelling that came in (for echoing)."""

    id: str
    spelling: str
    chain: str | None
    """CAIP-2; None for an account that a provider numbers itself."""
    address: str
    """The part that an upstream system wants to see, in its original spelling."""

    @property
    def namespace(self) -> str:
        """`eip155`, `solana` …, or the provider's name."""
        return self.id.partition(":")[0]


def parse_account(text: str) -> AccountId:
    """Read an account id. Raises AccountIdError naming what is wrong."""
    text = text.strip()
    if match := _CAIP10.fullmatch(text):
        chain, address = match["chain"], match["address"]
        return AccountId(id=f"{chain}:{_canonical(chain, address)}", spelling=text, chain=chain, address=address)
    if match := _OWN.fullmatch(text):
        if match["provider"] in ("eip155", "solana", "bip122"):
            raise AccountIdError(f"account {text!r}: a chain account needs its chain, as eip155:1:0x…")
        return AccountId(id=text, spelling=text, chain=None, address=match["id"])
    raise AccountIdError(f"account {text[:120]!r}: expected CAIP-10 (eip155:1:0x…) or <provider>:<account id>")


def _canonical(chain: str, address: str) -> str:
    namespace = chain.partition(":")[0]
    if namespace == "eip155":
        return _evm(address)
    if namespace == "solana":
        return _solana(address)
    return address


def _evm(address: str) -> str:
    if not _EVM.fullmatch(address):
        raise AccountIdError(f"address {address[:80]!r}: an EVM address is 0x and 40 hexadecimal digits")
    digits = address[2:]
    if digits not in (digits.lower(), digits.upper()) and digits != checksum_address(address)[2:]:
        raise AccountIdError(
            f"address {address!r}: its EIP-55 checksum is wrong (expected {checksum_address(address)}); "
            "correct the typing error, or write it in lower case if you are sure"
        )
    return address.lower()


def _solana(address: str) -> str:
    if not _BASE58.fullmatch(address) or len(_base58(address)) != 32:
        raise AccountIdError(f"address {address[:80]!r}: a Solana address is 32 bytes in base58")
    return address


def _base58(text: str) -> bytes:
    number = 0
    for character in text:
        number = number * 58 + _BASE58_DIGITS.index(character)
    leading = len(text) - len(text.lstrip("1"))
    return b"\0" * leading + number.to_bytes((number.bit_length() + 7) // 8, "big")


def checksum_address(address: str) -> str:
    """The EIP-55 spelling of a 0x address."""
    digits = address[2:].lower()
    hashed = keccak(digits.encode()).hex()
    return "0x" + "".join(d.upper() if int(h, 16) >= 8 else d for d, h in zip(digits, hashed, strict=False))
