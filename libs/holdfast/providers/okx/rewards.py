"""Rewards, each once: what a position states may be stated again for its market and its platform.

There is no id to go by. An outer reward is a repetition when its type and token were stated further in
with the same amount, or with amounts that add up to it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from holdfast.domain.balances import Balance
from holdfast.domain.money import EXACT


class Rewards:
    """The rewards of one network of a platform, told from the inside out."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str | None, str], list[Decimal | None]] = defaultdict(list)

    def tell(self, rewards: Iterable[tuple[str, Balance]]) -> list[Balance]:
        """Rewards (type, line) of positions: two with equal amounts are two."""
        lines = []
        for kind, line in rewards:
            self._told[_key(kind, line)].append(line.amount)
            lines.append(line)
        return lines

    def tell_outer(self, rewards: Sequence[tuple[str, Balance]]) -> list[Balance]:
        """Rewards of the level around: only those that were not told yet."""
        inner = {key: list(amounts) for key, amounts in self._told.items()}
        return self.tell((kind, line) for kind, line in rewards if not _repeats(line, inner.get(_key(kind, line), [])))


def _key(kind: str, line: Balance) -> tuple[str, str | None, str]:
    return kind, line.asset, line.symbol


def _repeats(line: Balance, inner: list[Decimal | None]) -> bool:
    if line.amount in inner:
        inner.remove(line.amount)
        return True
    total = Decimal(0)
    for amount in inner:
        total = EXACT.add(total, amount or Decimal(0))
    return bool(inner) and line.amount == total
