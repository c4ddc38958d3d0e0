"""Who asked what, when: what a check of somebody's request budget reads."""

from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct


class Entry(Struct, frozen=True, kw_only=True):
    at: str
    """Real time, ISO with milliseconds: budgets are kept in real seconds."""
    upstream: str
    key: str
    method: str
    route: str
    status: int
    """What was answered; 0 for a dropped connection."""
    fault: str = ""


class RequestLog:
    """The newest requests, and counts of all of them."""

    def __init__(self, *, keep: int = 20_000) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._counts: Counter[tuple[str, int]] = Counter()

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._counts[entry.upstream, entry.status] += 1

    def newest(self, *, upstream: str = "", limit: int = 1000) -> list[Entry]:
        """Newest first."""
        return list(islice(self._of(upstream), limit))

    def _of(self, upstream: str) -> Iterator[Entry]:
        return (entry for entry in reversed(self._entries) if upstream in ("", entry.upstream))

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """All requests since the start, by upstream and status."""
        counts: dict[str, dict[str, int]] = {}
        for (upstream, status), count in sorted(self._counts.items()):
            counts.setdefault(upstream, {})[str(status)] = count
        return counts

    def clear(self) -> None:
        self._entries.clear()
        self._counts.clear()
