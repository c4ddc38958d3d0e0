"""Talks to ClickHouse over HTTP.

One `Warehouse` serves any number of tasks of one event loop at once: it opens no server-side
session, so statements do not wait for one another. Decimals come back as `Decimal`, NULL as
None, and every instant as an aware UTC datetime.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
import clickhouse_connect
from clickhouse_connect.driver import exceptions
from clickhouse_connect.driver.asyncclient import AsyncClient

from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.errors import WarehouseError, WarehouseUnavailable
from holdfast.warehouse.parameters import in_fields

Parameters = Mapping[str, Any]

INSERT_SETTINGS = {
    # On by default since 26.x, and then an acknowledged insert may still be in memory.
    "async_insert": 0,
    # Rows are idempotent by their own keys; block hashes would swallow a legitimate repetition.
    "insert_deduplicate": 0,
    # A field that this version does not know means a writer and a schema that do not fit: say so.
    "input_format_skip_unknown_fields": 0,
    "input_format_null_as_default": 0,
    "date_time_input_format": "best_effort",
}

# Overload, limits of the moment, disk or network: the statement itself is not to blame.
_PASSING_CODES = frozenset({159, 164, 202, 203, 209, 210, 236, 241, 242, 243, 252, 279, 285, 319, 373, 439, 999})

IDLE_S = 4
"""How long a connection is used again after an answer: what is sent just as a server closes an idle one is lost, and
only a SELECT may be sent once more. Our endpoint waits a minute; a server's `keep_alive_timeout` is its own."""


class Warehouse:
    """An open connection. Build it with `connect`; `close` it once."""

    def __init__(self, client: AsyncClient, *, database: str) -> None:
        self._client = client
        self.database = database

    async def query(
        self, sql: str, params: Parameters | None = None, *, settings: Parameters | None = None
    ) -> list[dict[str, Any]]:
        """The rows of a SELECT, each a dict by column. `params` fill `{name:Type}` on the server."""
        sql, fields = in_fields(sql, params or {})
        result = await self._asked(self._client.query(sql, parameters=fields, settings=dict(settings or {})))
        return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

    async def rows(
        self, sql: str, params: Parameters | None = None, *, settings: Parameters | None = None
    ) -> list[tuple[Any, ...]]:
        """The rows of a SELECT as tuples, for results too wide or long for dicts."""
        sql, fields = in_fields(sql, params or {})
        result = await self._asked(self._client.query(sql, parameters=fields, settings=dict(settings or {})))
        return [tuple(row) for row in result.result_rows]

    async def value(self, sql: str, params: Parameters | None = None) -> Any:
        """The first column of the first row, or None if there is no row."""
        rows = await self.rows(sql, params)
        return rows[0][0] if rows else None

    async def read_bytes(
        self,
        sql: str,
        params: Parameters | None = None,
        *,
        format: str,  # noqa: A002
        settings: Parameters | None = None,
    ) -> bytes:
        """The result as the engine wrote it, in a ClickHouse format such as JSONEachRow."""
        sql, fields = in_fields(sql, params or {})
        asked = self._client.raw_query(sql, parameters=fields, fmt=format, settings=dict(settings or {}))
        return cast("bytes", await self._asked(asked))

    async def command(self, sql: str, params: Parameters | None = None, *, settings: Parameters | None = None) -> None:
        """Run a statement that returns no rows: DDL, INSERT … SELECT, SYSTEM."""
        sql, fields = in_fields(sql, params or {})
        # `command` of the client would put every parameter into the address, which has an end too.
        await self._asked(self._client.raw_query(sql, parameters=fields, settings=dict(settings or {})))

    async def insert_json(
        self, table: str, body: bytes, *, columns: Sequence[str] | None = None, compact: bool = False
    ) -> None:
        """Insert a JSONEachRow block, one JSON object a line, and return once it is stored.

        `compact`: one JSON array a line instead, its values in the order of `columns`.
        After `WarehouseUnavailable` the block may or may not be stored; insert it again.
        """
        format_ = "JSONCompactEachRow" if compact else "JSONEachRow"
        await self._asked(
            self._client.raw_insert(
                table, column_names=columns, insert_block=body, fmt=format_, settings=INSERT_SETTINGS
            )
        )

    async def has_table(self, table: str) -> bool:
        """Whether the table exists; False also when the database itself does not."""
        named = {"database": self.database, "table": table}
        exists = "EXISTS TABLE {database:Identifier}.{table:Identifier}"
        return bool(await self._asked(self._client.command(exists, parameters=named, use_database=False)))

    async def create_database(self) -> None:
        """Create the database of the settings if it is not there."""
        create = "CREATE DATABASE IF NOT EXISTS {database:Identifier}"
        await self._asked(self._client.command(create, parameters={"database": self.database}, use_database=False))

    async def ping(self) -> bool:
        return await self._client.ping()

    async def close(self) -> None:
        await self._client.close()

    async def _asked(self, answer: Any) -> Any:
        try:
            return await answer
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise WarehouseUnavailable(f"no answer from the warehouse: {error or type(error).__name__}") from error
        except exceptions.Error as error:
            raise _translated(error) from error


async def connect(settings: ClickHouseSettings, *, connections: int = 20, timeout_s: float = 300) -> Warehouse:
    """Open a connection. Raises WarehouseUnavailable when nobody answers, WarehouseError for a wrong password.

    The database of the settings need not exist yet: `migrate` creates it.
    """
    address = urlsplit(settings.url)
    try:
        client = await clickhouse_connect.get_async_client(
            interface=address.scheme,
            host=address.hostname,
            port=address.port or (8443 if address.scheme == "https" else 8123),
            proxy_path=address.path,
            username=settings.user,
            password=settings.password.reveal(),
            # Named in every statement instead: a missing database must not stop `migrate`.
            database="default",
            autogenerate_session_id=False,
            # The embedded endpoint sets one that is chosen up anew for each statement; a server chooses its own.
            autogenerate_query_id=False,
            tz_mode="aware",
            compress=False,
            send_receive_timeout=timeout_s,
            connector_limit=connections,
            connector_limit_per_host=connections,
            keepalive_timeout=IDLE_S,
        )
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise WarehouseUnavailable(f"clickhouse.url {settings.url}: nobody answers: {error}") from error
    except exceptions.Error as error:
        raise _translated(error, where=f"clickhouse.url {settings.url}: ") from error
    client.database = settings.database
    return Warehouse(client, database=settings.database)


def _translated(error: exceptions.Error, *, where: str = "") -> WarehouseError:
    passing = error.code in _PASSING_CODES or (error.code is None and isinstance(error, exceptions.OperationalError))
    kind = WarehouseUnavailable if passing else WarehouseError
    return kind(f"{where}{error}", code=error.code, name=error.name)
