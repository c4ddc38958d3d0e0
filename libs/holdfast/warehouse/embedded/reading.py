"""A result, block by block, with as few ways into a worker thread as there are blocks to wait for."""

import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack


class Reading:
    """Begins with the first block that is asked for, and gives back all that it took with the last.

    Its methods are for worker threads. `close` it when it has begun and is not over.
    """

    def __init__(self, begin: Callable[[ExitStack], Generator[bytes]]) -> None:
        self._begin = begin
        self._giving_back = ExitStack()
        self._blocks: Generator[bytes] | None = None
        self._lock = threading.Lock()
        self.begun = False
        self.over = False

    def next(self) -> bytes | None:
        """Runs the statement up to its next block; None at the end."""
        self.begun = True
        with self._lock:
            if self._blocks is None:
                self._blocks = self._begin(self._giving_back)
            block = next(self._blocks, None)
        if block is None:
            self.close()
        return block

    def close(self) -> None:
        with self._lock:
            self._giving_back.close()
            self.over = True
