"""OKX's chain ids: the EIP-155 number of an EVM chain, a number of OKX's own elsewhere.

    "1" ↔ eip155:1        "501" ↔ solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp

The generation v5 calls it chainId, v6 chainIndex. Some clients write a name instead of the number
("ethereum", "bsc"); we read those and never send them.
Source: OKX OnchainOS documentation, supported chains; CAIP-2; SLIP-44.
"""

from typing import NamedTuple

from holdfast.domain.assets import parse_chain


class Coin(NamedTuple):
    """The native coin of a chain."""

    slip44: int
    symbols: frozenset[str]
    """In upper case: the ticker, and former ones."""


def _coin(slip44: int, *symbols: str) -> Coin:
    return Coin(slip44, frozenset(symbols))


_OTHER_CHAINS = {
    "0": "bip122:000000000019d6689c085ae165831e93",
    "195": "tron:0x2b6653dc",
    "501": "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",
    "607": "tvm:-239",
    "784": "sui:mainnet",
}
_OTHER_INDEXES = {chain: index for index, chain in _OTHER_CHAINS.items()}

COINS: dict[str, Coin] = {
    "0": _coin(0, "BTC"),
    "1": _coin(60, "ETH"),
    "10": _coin(60, "ETH"),
    "56": _coin(714, "BNB"),
    "100": _coin(700, "XDAI"),
    "137": _coin(966, "POL", "MATIC"),
    "195": _coin(195, "TRX"),
    "196": _coin(996, "OKB"),
    "250": _coin(1007, "FTM"),
    "324": _coin(60, "ETH"),
    "501": _coin(501, "SOL"),
    "607": _coin(607, "TON"),
    "784": _coin(784, "SUI"),
    "8453": _coin(60, "ETH"),
    "42161": _coin(60, "ETH"),
    "43114": _coin(9005, "AVAX"),
    "59144": _coin(60, "ETH"),
    "81457": _coin(60, "ETH"),
    "534352": _coin(60, "ETH"),
}
"""Native coins by chain index; where a chain is missing, its coin has no id of its own with us."""

_NAMES = {
    "bitcoin": "0", "btc": "0",
    "ethereum": "1", "eth": "1",
    "optimism": "10", "op": "10",
    "bsc": "56", "bnb": "56",
    "gnosis": "100",
    "polygon": "137", "matic": "137",
    "tron": "195", "trx": "195",
    "xlayer": "196", "okb": "196",
    "fantom": "250", "ftm": "250",
    "zksync": "324",
    "solana": "501", "sol": "501",
    "ton": "607",
    "sui": "784",
    "base": "8453",
    "arbitrum": "42161", "arb": "42161",
    "avalanche": "43114", "avax": "43114",
    "linea": "59144",
    "blast": "81457",
    "scroll": "534352",
}  # fmt: skip


_TITLES = {
    "0": "Bitcoin",
    "1": "Ethereum",
    "10": "Optimism",
    "56": "BSC",
    "100": "Gnosis",
    "137": "Polygon",
    "195": "Tron",
    "196": "X Layer",
    "250": "Fantom",
    "324": "zkSync",
    "501": "Solana",
    "607": "TON",
    "784": "Sui",
    "8453": "Base",
    "42161": "Arbitrum",
    "43114": "Avalanche",
    "59144": "Linea",
    "81457": "Blast",
    "534352": "Scroll",
}


class UnknownChainError(ValueError):
    """OKX has no number for the chain, or we have no chain for the number."""


def index_of(chain: str) -> str:
    """The chain index of a CAIP-2 id. Raises UnknownChainError."""
    namespace, _, reference = parse_chain(chain).partition(":")
    if namespace == "eip155" and reference.isdecimal():
        return reference
    if chain in _OTHER_INDEXES:
        return _OTHER_INDEXES[chain]
    raise UnknownChainError(f"chain {chain!r} has no OKX chain index")


def chain_of(index: str | int) -> str:
    """The CAIP-2 id of a chain index, or of one of the names in use. Raises UnknownChainError."""
    text = str(index).strip().lower()
    number = _NAMES.get(text.replace(" ", "").replace("-", "").replace("_", ""), text)
    if number in _OTHER_CHAINS:
        return _OTHER_CHAINS[number]
    if number.isascii() and number.isdecimal() and 0 < len(number) <= 18 and number == str(int(number)):
        return f"eip155:{number}"
    raise UnknownChainError(f"chain {str(index)[:40]!r}: expected a chain id as 1 or 501, or a name as ethereum")


def name_of(index: str) -> str:
    """For people; the number itself where we have no name."""
    return _TITLES.get(index, index)


def is_chain(index: str, other: str) -> bool:
    """Whether two spellings name one chain; an unknown one is like nothing else."""
    try:
        return chain_of(index) == chain_of(other)
    except UnknownChainError:
        return False
