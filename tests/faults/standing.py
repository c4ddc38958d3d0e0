"""A pipeline for one test: taken down whatever happens, its processes' last words kept for a failure."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.pipeline import Pipeline


@asynccontextmanager
async def standing(folder: Path, *, scheduled_every_s: int | None = None) -> AsyncIterator[Pipeline]:
    """Not started yet."""
    pipeline = Pipeline(folder) if scheduled_every_s is None else Pipeline(folder, scheduled_every_s=scheduled_every_s)
    try:
        yield pipeline
    except BaseException as error:
        error.add_note(pipeline.last_words())
        raise
    finally:
        await pipeline.stop()
