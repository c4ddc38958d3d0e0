"""Several sequences as one: told like a tuple of all that is in them, without copying it."""

import pytest

from holdfast.domain.returns.joined import Joined

PARTS = [(), "ab", (), ["c"], "de", ()]
WHOLE = tuple("abcde")


@pytest.mark.parametrize("place", range(-5, 5))
def test_each_is_found_where_it_would_be_in_one_tuple(place: int) -> None:
    assert Joined(PARTS)[place] == WHOLE[place]


@pytest.mark.parametrize("place", [-6, 5])
def test_there_is_none_beyond_the_ends(place: int) -> None:
    with pytest.raises(IndexError):
        Joined(PARTS)[place]


def test_it_is_as_long_and_holds_the_same_as_one_tuple() -> None:
    joined = Joined(PARTS)
    assert (len(joined), list(joined), joined[1:4]) == (5, list(WHOLE), WHOLE[1:4])
    assert joined == WHOLE
    assert joined != WHOLE[1:]
    assert hash(joined) == hash(WHOLE)


@pytest.mark.parametrize("parts", [[], [()], [(), ()]])
def test_of_nothing_there_is_nothing(parts: list[tuple[int, ...]]) -> None:
    assert (len(Joined(parts)), list(Joined(parts)), Joined(parts) == ()) == (0, [], True)
