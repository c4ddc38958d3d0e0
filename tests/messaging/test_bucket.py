"""Reading a bucket whole: the client's mark that all was told may come before what is told."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import nats.errors
import pytest

from holdfast.messaging.bucket import until_caught_up


class Told:
    """What the client tells, in this order; then nothing more comes."""

    def __init__(self, updates: Sequence[Any]) -> None:
        self._updates = list(updates)

    async def updates(self, timeout: float = 5) -> Any:  # noqa: ASYNC109 - the client's own name
        if not self._updates:
            raise nats.errors.TimeoutError
        return self._updates.pop(0)


def entry(revision: int) -> Any:
    return SimpleNamespace(key=f"k{revision}", value=b"v", revision=revision, operation=None)


MARK = None


@pytest.mark.parametrize(
    "told",
    [
        [entry(1), entry(2), entry(3), MARK],
        [MARK, entry(1), entry(2), entry(3)],
        [entry(1), MARK, entry(2), entry(3)],
    ],
)
async def test_everything_up_to_the_last_revision_is_read_wherever_the_mark_comes(told: Sequence[Any]) -> None:
    assert [one.revision async for one in until_caught_up(Told(told), 3)] == [1, 2, 3]


async def test_what_comes_meanwhile_is_left_for_later_once_all_is_read() -> None:
    assert [one.revision async for one in until_caught_up(Told([MARK, entry(3), entry(4)]), 3)] == [3]


async def test_an_empty_bucket_is_read_at_once() -> None:
    assert [one async for one in until_caught_up(Told([MARK]), 0)] == []


async def test_a_last_entry_that_is_gone_is_not_waited_for_forever() -> None:
    assert [one.revision async for one in until_caught_up(Told([entry(1), MARK]), 7)] == [1]


async def test_without_a_mark_it_has_not_been_read() -> None:
    with pytest.raises(nats.errors.TimeoutError):
        _ = [one async for one in until_caught_up(Told([entry(1)]), 1)]
