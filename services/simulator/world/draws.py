"""Deterministic draws: a name and a seed give a number, always the same."""

from functools import lru_cache
from hashlib import blake2b


def digest(seed: int, name: str, size: int) -> bytes:
    """`size` bytes (at most 64) that look random and depend on nothing but (seed, name)."""
    return blake2b(name.encode(), digest_size=size, key=seed.to_bytes(8, "big")).digest()


@lru_cache(maxsize=131_072)
def draw(seed: int, name: str, bound: int) -> int:
    """A number in [0, bound)."""
    return int.from_bytes(digest(seed, name, 32), "big") % bound


def between(seed: int, name: str, low: int, high: int) -> int:
    """A number in [low, high]."""
    return low + draw(seed, name, high - low + 1)
