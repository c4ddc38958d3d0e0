"""The engine in this process, and handles on it.

chDB facts this rests on: one process per data directory; any number of handles, which run side by side
and keep their settings apart; one handle runs one statement at a time; the interpreter's lock is
released meanwhile. So each statement gets a handle of its own and runs in a worker thread.
"""

import fcntl
import importlib
from collections.abc import Collection, Generator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from holdfast.warehouse.embedded.engine_config import write_engine_config
from holdfast.warehouse.embedded.errors import to_engine_error
from holdfast.warehouse.embedded.quoting import quoted_identifier, quoted_text


class DataDirError(Exception):
    """The data directory cannot be used; the message says why."""


class Outcome(Struct, frozen=True, kw_only=True):
    """A result in the format asked for, and what it took."""

    body: bytes = b""
    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0


class Handle:
    """One conversation with the engine. Not for two threads at once. Every method may raise EngineError."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def query(self, sql: str, output: str = "TabSeparated", params: Mapping[str, str] | None = None) -> Outcome:
        try:
            result = self._connection.query(sql, output, params=dict(params or {}))
            return Outcome(
                body=bytes(result.bytes() or b""),
                read_rows=result.rows_read(),
                read_bytes=result.bytes_read(),
            )
        except Exception as error:
            raise to_engine_error(error) from error

    def stream(self, sql: str, output: str, params: Mapping[str, str]) -> Generator[bytes]:
        """Blocks as the engine produces them. Closing the iterator cancels the statement."""
        try:
            result = self._connection.send_query(sql, output, params=dict(params))
        except Exception as error:
            raise to_engine_error(error) from error
        try:
            while (block := result.fetch()) is not None:
                yield bytes(block.bytes() or b"")
        except GeneratorExit:
            raise
        except Exception as error:
            raise to_engine_error(error) from error
        finally:
            result.close()

    def insert(self, head: str, input_format: str) -> "Insert":
        try:
            return Insert(self._connection.send_insert(head, input_format))
        except Exception as error:
            raise to_engine_error(error) from error

    def use(self, database: str) -> None:
        self.query(f"USE {quoted_identifier(database)}")

    def set(self, settings: Mapping[str, str]) -> None:
        if settings:
            pairs = ", ".join(f"{name} = {quoted_text(value)}" for name, value in settings.items())
            self.query(f"SET {pairs}")

    def rows(self, sql: str, params: Mapping[str, str] | None = None) -> list[list[str]]:
        """The result as text fields, for the endpoint's own questions."""
        text = self.query(sql, "TabSeparatedRaw", params).body.decode("utf-8", "replace")
        return [line.split("\t") for line in text.splitlines()]

    def close(self) -> None:
        self._connection.close()


class Insert:
    """An insert whose data arrives in pieces. `finish` or `cancel` it."""

    def __init__(self, inserter: Any) -> None:
        self._inserter = inserter

    def append(self, data: bytes) -> None:
        try:
            self._inserter.append(data)
        except Exception as error:
            raise to_engine_error(error) from error

    def finish(self) -> Outcome:
        try:
            result = self._inserter.finish()
            return Outcome(written_rows=result.rows_written, written_bytes=result.bytes_written)
        except Exception as error:
            raise to_engine_error(error) from error

    def cancel(self) -> None:
        try:
            self._inserter.cancel()
        except Exception as error:
            raise to_engine_error(error) from error


class Engine:
    """The open data directory. Build it with `open_engine`, once per process, and `close` it last."""

    def __init__(self, address: str) -> None:
        # Takes 200 MB, so only who opens an engine pays; its types differ between installations.
        self._connect = importlib.import_module("chdb").connect
        self._address = address
        # Keeps the engine alive while no statement runs.
        self._root = Handle(self._connect(address))
        self.version, self.timezone = self._root.rows("SELECT version(), timezone()")[0]

    def open(self) -> Handle:
        try:
            return Handle(self._connect(self._address))
        except Exception as error:
            raise to_engine_error(error) from error

    def cancel(self, where: str) -> None:
        """Ask the statements that match to stop. `where` is a condition over system.processes."""
        handle = self.open()
        try:
            handle.query(f"KILL QUERY WHERE {where} ASYNC")
        finally:
            handle.close()

    def close(self) -> None:
        self._root.close()


def open_engine(data_dir: Path, *, database: str, log_days: int, tenants: Collection[str] = ()) -> Engine:
    """Open or create the data directory and the database, with a role for each of `tenants`. Raises DataDirError."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        _refuse_if_locked(data_dir / "status")
        config = write_engine_config(data_dir, database=database, log_days=log_days, tenants=tenants)
    except OSError as error:
        raise DataDirError(f"cannot use {data_dir}: {error.strerror}") from error
    if set("?&") & set(str(data_dir)):
        raise DataDirError(f"cannot use {data_dir}: the engine's address cannot hold ? or &")
    try:
        engine = Engine(f"{data_dir}?config-file={config}")
    except Exception as error:
        raise DataDirError(f"the engine cannot open {data_dir}: {error}") from error
    _create_database(engine, database)
    return engine


def _refuse_if_locked(status: Path) -> None:
    """The engine's own words for a directory in use say nothing; its lock is a flock on `status`."""
    if not status.exists():
        return
    with status.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = file.read(200).decode(errors="replace").splitlines()[:1]
            detail = f" ({owner[0]})" if owner else ""
            raise DataDirError(f"{status.parent} is in use by another process{detail}") from None


def _create_database(engine: Engine, database: str) -> None:
    handle = engine.open()
    try:
        handle.query(f"CREATE DATABASE IF NOT EXISTS {quoted_identifier(database)} ENGINE = Atomic")
    finally:
        handle.close()
