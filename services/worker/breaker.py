"""A circuit breaker: after a few unavailable answers in a row, one probe at a time.

closed ──(`after` in a row)──▶ open ──(pause over)──▶ half-open: one probe
   ▲                             ▲                         │
   └───────── it answered ───────┼─────────────────────────┤
                                 └── unavailable: twice the pause
"""


class CircuitBreaker:
    """Pure: time is the monotonic seconds it is told."""

    def __init__(self, *, after: int, first_s: float, cap_s: float) -> None:
        self._after = after
        self._first_s = first_s
        self._cap_s = cap_s
        self._in_a_row = 0
        self._pause_s = 0.0
        self._open_until = 0.0

    @property
    def open(self) -> bool:
        """Open or half-open: not everybody may pass."""
        return self._pause_s > 0

    @property
    def open_until(self) -> float:
        """When the next probe may pass."""
        return self._open_until if self.open else 0.0

    def on_answer(self) -> None:
        """The upstream answered, whatever it said."""
        self._in_a_row, self._pause_s, self._open_until = 0, 0.0, 0.0

    def on_unavailable(self, at_s: float) -> None:
        self._in_a_row += 1
        if self.open and at_s < self._open_until:
            return  # one of those that were under way when it opened
        if self.open or self._in_a_row >= self._after:
            self._pause_s = min(self._pause_s * 2 or self._first_s, self._cap_s)
            self._open_until = at_s + self._pause_s
