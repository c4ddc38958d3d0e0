"""Keeps answers: what was asked for is done, and its doer is never told."""

from collections import Counter

from tests.support.proxies import Frame


class Thief:
    """Keeps every so-manieth answer to a publish, an insert or an acknowledgement: `Thief(publish=7)`.

    At most `most` of each kind: whoever is robbed waits for five seconds or ten.
    """

    def __init__(self, *, most: int = 1000, **every: int) -> None:
        self.stolen: Counter[str] = Counter()
        self._most = most
        self._every = every
        self._seen: Counter[str] = Counter()

    def on_frame(self, frame: Frame) -> bool:
        """For a NatsProxy."""
        if frame.is_stored:
            return self._passes("publish")
        return self._passes("ack") if frame.is_confirmed else True

    def on_inserted(self, request: bytes) -> bool:
        """For an HttpProxy."""
        del request
        return self._passes("insert")

    def _passes(self, what: str) -> bool:
        self._seen[what] += 1
        if what not in self._every or self._seen[what] % self._every[what] or self.stolen[what] == self._most:
            return True
        self.stolen[what] += 1
        return False
