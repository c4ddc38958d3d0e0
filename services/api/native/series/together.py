"""Sources that count together, at any instant: what each had stated, and what of it others of the account stand for."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, Protocol, TypeVar

from holdfast.domain.series import SourceHistory, State
from holdfast.history.memberships import SourceMembership

_AT_ONCE = timedelta(0)

Hidden = frozenset[str]
"""Assets whose wallet lines are left out."""


class Statement(Protocol):
    """A whole snapshot, with its lines or without."""

    @property
    def source(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def snapshot_id(self) -> str: ...
    @property
    def covers(self) -> Sequence[str]: ...


StatementT = TypeVar("StatementT", bound=Statement)

StateOf = Callable[[StatementT, Hidden, datetime], State]
"""What a statement is worth at an instant, without the hidden lines."""


class Together(Generic[StatementT]):
    """Members of a portfolio and their statements, oldest first, from the one before the first instant asked for."""

    def __init__(
        self,
        members: Sequence[SourceMembership],
        statements: Mapping[str, Sequence[StatementT]],
        patience: Mapping[str, timedelta],
        *,
        now: datetime,
    ) -> None:
        """`patience`: how long after a statement a source turns stale. An instant to come is `now` for that."""
        self._members = {member.source: member for member in members}
        self._statements = {source: statements.get(source, ()) for source in self._members}
        self._times = {source: [one.at for one in chain] for source, chain in self._statements.items()}
        self._covering = [source for source, chain in self._statements.items() if any(one.covers for one in chain)]
        self._patience = patience
        self._now = now

    def standing(self, at: datetime) -> Iterator[tuple[StatementT, Hidden]]:
        """The statement of each member that has one, and what is left out of it."""
        for source in self._members:
            statement = self._current(source, at) if self._belongs(source, at) else None
            if statement is not None:
                yield statement, self._hidden(source, at)

    def histories(self, state_of: StateOf[StatementT]) -> dict[str, SourceHistory]:
        """For `domain.series`."""
        return {
            source: SourceHistory(_OneOf(partial(self._state, state_of, source)), member.during)
            for source, member in self._members.items()
        }

    def _state(self, state_of: StateOf[StatementT], source: str, at: datetime) -> State | None:
        statement = self._current(source, at)
        if statement is None:
            return None
        state = state_of(statement, self._hidden(source, at), at)
        if min(at, self._now) - statement.at > self._patience.get(source, _AT_ONCE):
            return state._replace(stale=state.lines, overdue=True)
        return state

    def _current(self, source: str, at: datetime) -> StatementT | None:
        index = bisect_right(self._times[source], at)
        return self._statements[source][index - 1] if index else None

    def _hidden(self, source: str, at: datetime) -> Hidden:
        """What other members of the account, at this instant, list positions for."""
        account = self._members[source].account
        others = (
            self._current(other, at)
            for other in self._covering
            if other != source and self._members[other].account == account and self._belongs(other, at)
        )
        return frozenset(asset for other in others if other is not None for asset in other.covers)

    def _belongs(self, source: str, at: datetime) -> bool:
        return any(start <= at < end for start, end in self._members[source].during)


class _OneOf:
    """The history of one source among those that count together."""

    def __init__(self, state: Callable[[datetime], State | None]) -> None:
        self._state = state

    def at(self, instant: datetime) -> State | None:
        return self._state(instant)
