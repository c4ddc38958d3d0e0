"""Where the tests' servers keep their stores: in memory where there is room, because they sync what they write."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108
_ROOM_BYTES = 4 << 30  # a container that was not asked for more has 64 MiB


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """An empty folder, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"holdfast-{purpose}-", dir=_MEMORY if _has_room() else None) as folder:
        yield Path(folder)


def _has_room() -> bool:
    return os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
