"""The files that chDB is started with: durability, its query log, and what each role may do.

chDB signs everyone in as `default`, so here `default` may do nothing by itself. It holds two roles, and
the endpoint chooses one per caller (`SET ROLE`) before it passes the caller's statement on. So the
engine's own access control decides what a read-only caller reaches; `authorisation` refuses beforehand
what that control does not cover.
"""

from pathlib import Path
from xml.sax.saxutils import escape

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
      <grants><query>GRANT {owner}</query><query>GRANT {analyst}</query></grants>
    </default>
  </users>
  <roles>
    <{owner}><grants><query>{owner_grants}</query></grants></{owner}>
    <{analyst}><grants><query>GRANT SELECT ON {database}.*</query></grants></{analyst}>
  </roles>
</clickhouse>
"""


def write_engine_config(data_dir: Path, *, database: str, log_days: int) -> Path:
    """Write both files beside the data and return the one to start with. Raises OSError."""
    users, files = data_dir / "users.xml", data_dir / "user_files"
    files.mkdir(exist_ok=True)
    quoted = "`" + database.replace("\\", "\\\\").replace("`", "\\`") + "`"
    users.write_text(
        _USERS.format(owner=OWNER_ROLE, analyst=ANALYST_ROLE, owner_grants=_OWNER_GRANTS, database=escape(quoted)),
        encoding="utf-8",
    )
    config = data_dir / "engine.xml"
    config.write_text(
        _ENGINE.format(users=escape(str(users)), files=escape(f"{files}/"), log_days=log_days), encoding="utf-8"
    )
    return config
