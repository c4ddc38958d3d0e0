"""What can go wrong with the warehouse, told apart by what the caller does next."""


class WarehouseError(Exception):
    """The engine refused the statement; asking again gives the same answer.

    `code` is ClickHouse's own number (60 is an unknown table), `name` its name; None where it gave none.
    """

    def __init__(self, message: str, *, code: int | None = None, name: str | None = None) -> None:
        self.code = code
        self.name = name
        super().__init__(message)


class WarehouseUnavailable(WarehouseError):  # noqa: N818 - an outage, named as callers speak of it
    """Nobody answered, or the engine is overloaded or out of disk: the same statement may succeed later.

    For an insert the outcome is unknown. Inserts here are idempotent, so repeat it.
    """


class MigrationError(WarehouseError):
    """A migration was changed after it shipped, or does not fit what the database already has."""
