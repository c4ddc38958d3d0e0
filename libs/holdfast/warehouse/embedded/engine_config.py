"""The files that chDB is started with: durability, its query log, and what each role may do.

chDB signs everyone in as `default`, so here `default` may do nothing by itself. It holds roles: the owner's,
the analyst's and one for each tenant that has an analyst of its own. The endpoint chooses one per caller
(`SET ROLE`) before it passes the caller's statement on. So the engine's own access control decides what a
read-only caller reaches; `authorisation` refuses beforehand what that control does not cover.

A tenant's rows are told by the engine's row filters. chDB knows filters of users only, and has one user;
so the filter itself asks which role the caller has. It is the engine's first step on every table, before any
condition of the caller's, so that not even an error or a PREWHERE can tell of another's row. It costs the owner
a column of ones where a table is read whole, and so is there only where a tenant has an analyst.
"""

from collections.abc import Collection
from pathlib import Path
from xml.sax.saxutils import escape

from holdfast.warehouse import tenancy

OWNER_ROLE = "owner"
ANALYST_ROLE = "analyst"

# Everything but sources: no service of ours reads files or calls hosts from SQL, so an injected
# statement cannot either.
_OWNER_GRANTS = (
    "GRANT CHECK, SHOW, SELECT, INSERT, ALTER, CREATE, DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE, KILL QUERY,"
    " MOVE PARTITION BETWEEN SHARDS, SYSTEM, dictGet, TABLE ENGINE, SHOW ACCESS ON *.*"
)

_ENGINE = """<clickhouse>
  <users_config>{users}</users_config>
  <user_files_path>{files}</user_files_path>
  <merge_tree>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
  </merge_tree>
  <query_log>
    <database>system</database>
    <table>query_log</table>
    <engine>ENGINE = MergeTree PARTITION BY toYYYYMM(event_date) ORDER BY (event_date, event_time)
      TTL event_date + INTERVAL {log_days} DAY DELETE SETTINGS fsync_after_insert = 0</engine>
    <flush_interval_milliseconds>5000</flush_interval_milliseconds>
  </query_log>
</clickhouse>
"""

_USERS = """<clickhouse>
  <profiles><default><log_queries>0</log_queries><implicit_select>0</implicit_select></default></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <no_password/>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>{roles}</grants>
      {filters}
    </default>
  </users>
  <roles>
    <{owner}><grants><query>{owner_grants}</query></grants></{owner}>
    <{analyst}><grants><query>GRANT SELECT ON {database}.*</query></grants></{analyst}>
    {tenants}
  </roles>
</clickhouse>
"""


def write_engine_config(data_dir: Path, *, database: str, log_days: int, tenants: Collection[str] = ()) -> Path:
    """Write both files beside the data and return the one to start with. Raises OSError.

    `tenants`: those that have an analyst of their own.
    """
    users, files = data_dir / "users.xml", data_dir / "user_files"
    files.mkdir(exist_ok=True)
    roles = (OWNER_ROLE, ANALYST_ROLE, *(tenancy.role_of(tenant) for tenant in sorted(tenants)))
    users.write_text(
        _USERS.format(
            owner=OWNER_ROLE,
            analyst=ANALYST_ROLE,
            owner_grants=_OWNER_GRANTS,
            database=escape(_quoted(database)),
            roles="".join(f"<query>GRANT {_quoted(role)}</query>" for role in roles),
            filters=_filters(database) if tenants else "",
            tenants="\n    ".join(_tenant(tenant, database) for tenant in sorted(tenants)),
        ),
        encoding="utf-8",
    )
    config = data_dir / "engine.xml"
    config.write_text(
        _ENGINE.format(users=escape(str(users)), files=escape(f"{files}/"), log_days=log_days), encoding="utf-8"
    )
    return config


def _tenant(tenant: str, database: str) -> str:
    """A role that may read what has a filter, or needs none."""
    grants = (f"<query>GRANT SELECT ON {escape(_quoted(database))}.{name}</query>" for name in tenancy.readable())
    return f"<{tenancy.role_of(tenant)}><grants>{''.join(grants)}</grants></{tenancy.role_of(tenant)}>"


def _filters(database: str) -> str:
    """For every caller: all rows to the first two roles, to another one those of its tenant and what is public."""
    tables = sorted(tenancy.BY_TENANT | tenancy.BY_SOURCE)
    return f"<databases><{database}>{''.join(map(_filter, tables))}</{database}></databases>"


def _filter(table: str) -> str:
    owner = tenancy.owner_of_row(table)
    condition = (
        f"hasAny(['{OWNER_ROLE}', '{ANALYST_ROLE}'], currentRoles())"
        f" OR {owner} = '{tenancy.PUBLIC}' OR has(currentRoles(), concat('{tenancy.role_of('')}', {owner}))"
    )
    return f"<{table}><filter>{escape(condition)}</filter></{table}>"


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
