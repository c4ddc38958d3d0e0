"""Several sequences, one after another, as one of which nothing was copied."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import TypeVar, overload

ItemT = TypeVar("ItemT")


class Joined(Sequence[ItemT]):
    """To copy a million that are told asset by asset is to fetch each of them from memory once more: who asks of all
    of them together often needs none."""

    __slots__ = ("_ends", "_parts")

    def __init__(self, parts: Sequence[Sequence[ItemT]]) -> None:
        self._parts = parts
        self._ends = list(accumulate(map(len, parts)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[ItemT]:
        return chain.from_iterable(self._parts)

    @overload
    def __getitem__(self, place: int) -> ItemT: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[ItemT]: ...
    def __getitem__(self, place: int | slice) -> ItemT | Sequence[ItemT]:
        if isinstance(place, slice):
            return tuple(self)[place]
        number = range(len(self))[place]
        part = bisect_right(self._ends, number)
        return self._parts[part][number - self._ends[part]]
