"""What a read-only caller may ask.

Three walls, each whole without the others as far as it reaches:

1. The engine's own parser reads the statement as data and writes it out again (`formatQuerySingleLine`).
   What runs is that text: one statement, no comments, quoting as the engine does it. So a second
   statement, a clever comment or an odd quote has nowhere to hide.
2. The parsed tree of that text (`EXPLAIN AST`, parameters filled in) may hold only the kinds of
   statement, the table functions and the system tables listed here, and none of the functions below.
3. The engine runs it as the analyst's role, which may SELECT from one database, or as a tenant's, which sees
   that tenant's rows alone; with `readonly = 1`, so that no clause changes a setting (see `engine_config`
   and `limits`).

The third wall alone stops `file`, `url`, `s3` and other databases. It does not stop the scalar function
`file`, INTO OUTFILE, `python`, `joinGet`, a second statement that takes another role, or the tables of
`system`; those are why the first two exist. To an analyst who is bound to a tenant they also close what would tell how
much others have: EXPLAIN, and the tables of `system` that count rows.
"""

import re
from collections.abc import Mapping

from holdfast.warehouse.embedded.authentication import Account
from holdfast.warehouse.embedded.engine import Handle
from holdfast.warehouse.embedded.errors import ACCESS_DENIED, READONLY, EngineError
from holdfast.warehouse.embedded.quoting import as_parameter

STATEMENTS: frozenset[str] = frozenset(
    {
        "SelectWithUnionQuery",
        "SelectIntersectExceptQuery",
        "SelectQuery",
        "ShowTables",
        "ShowColumns",
        "ShowCreateTableQuery",
        "ShowCreateViewQuery",
        "DescribeQuery",
        "ExistsTableQuery",
        "ExistsViewQuery",
        "ExistsDatabaseQuery",
        "Explain",
    }
)

TABLE_FUNCTIONS = frozenset(
    {"generate_series", "generateseries", "numbers", "numbers_mt", "null", "values", "view", "viewifpermitted"}
)

# Functions that read files, other tables, hosts or this process, or that only spend time. Table functions
# that are not allowed are refused by name wherever the name appears; these are the ordinary ones.
FORBIDDEN_FUNCTIONS = frozenset(
    {
        "addresstoline",
        "addresstolinewithinlines",
        "addresstosymbol",
        "catboostevaluate",
        "currentrequesturl",
        "demangle",
        "file",
        "filesystemavailable",
        "filesystemcapacity",
        "filesystemunreserved",
        "getclienthttpheader",
        "getmacro",
        "getserverport",
        "getserversetting",
        "joinget",
        "joingetornull",
        "logtrace",
        "showcertificate",
        "sleep",
        "sleepeachrow",
        "tcpport",
        "zookeepersessionuptime",
    }
)
SYSTEM_TABLES = frozenset(
    {
        "aggregate_function_combinators",
        "build_options",
        "collations",
        "columns",
        "data_type_families",
        "databases",
        "formats",
        "functions",
        "keywords",
        "numbers",
        "numbers_mt",
        "one",
        "settings",
        "table_engines",
        "table_functions",
        "tables",
        "time_zones",
    }
)

_COUNTING = frozenset({"columns", "tables"})
"""Of these, the ones that say how many rows or bytes there are."""

_NODE = re.compile(r"(?P<depth> *)(?P<kind>\w+)(?: (?P<rest>.*))?")
_IS_VIEW = """
SELECT 1 FROM system.tables WHERE database = {database:String} AND name = {name:String} AND engine = 'View'
"""
_OUTFILE = re.compile(r"\bINTO\s+OUTFILE\b", re.IGNORECASE)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\"")
_ASKED_IN = re.compile(r": In scope SELECT formatQuerySingleLine\(.*'\)\.?", re.DOTALL)
_SUFFIX = re.compile(r" \((?:alias .*|children \d+)\)")


class Gate:
    """Knows the engine's own table functions, so that one of a newer engine is refused until it is allowed."""

    def __init__(self, handle: Handle, *, database: str) -> None:
        self._database = database
        functions = {row[0].lower() for row in handle.rows("SELECT name FROM system.functions")}
        tables = {row[0].lower() for row in handle.rows("SELECT name FROM system.table_functions")}
        ai = {name for name in functions if name.startswith("ai") and name[2:3].isalpha()}
        self._engines_own = tables
        self._forbidden = FORBIDDEN_FUNCTIONS | ai | (tables - functions - TABLE_FUNCTIONS)

    def admit(self, handle: Handle, sql: str, params: Mapping[str, str], *, account: Account) -> str:
        """The text to run instead of `sql`. Raises EngineError for one that may not run, or does not parse."""
        canonical = _canonical(handle, sql)
        if _OUTFILE.search(_QUOTED.sub("''", canonical)):
            raise EngineError(ACCESS_DENIED, "A read-only user may not write files: leave out INTO OUTFILE")
        tree = handle.query(f"EXPLAIN AST {canonical}", "TabSeparated", params).body.decode("utf-8", "replace")
        self._check(handle, tree.splitlines(), bound=account.tenant is not None)
        return canonical

    def _check(self, handle: Handle, lines: list[str], *, bound: bool) -> None:
        _check_root(lines, STATEMENTS - {"Explain"} if bound else STATEMENTS)
        tables = SYSTEM_TABLES - _COUNTING if bound else SYSTEM_TABLES
        above = ""
        for line in lines:
            node = _NODE.match(line)
            if node is None:
                continue
            kind, rest = node["kind"], node["rest"] or ""
            if kind == "Function":
                self._check_function(handle, _SUFFIX.split(rest, maxsplit=1)[0], is_table=above == "TableExpression")
            elif kind == "Set":
                # The engine holds the outermost clause to readonly, but not one in a subquery.
                raise EngineError(READONLY, "A read-only user may not use SETTINGS: put them in the address instead")
            elif "dentifier" in kind:
                _check_name(_SUFFIX.split(rest, maxsplit=1)[0], tables, bound=bound)
            above = kind

    def _check_function(self, handle: Handle, name: str, *, is_table: bool) -> None:
        lowered = name.strip().lower()
        if is_table and lowered not in TABLE_FUNCTIONS and self._is_view(handle, name.strip()):
            return
        if lowered in self._forbidden or (is_table and lowered not in TABLE_FUNCTIONS):
            what = "table function" if is_table else "function"
            raise EngineError(ACCESS_DENIED, f"A read-only user may not use the {what} {name.strip()}")

    def _is_view(self, handle: Handle, name: str) -> bool:
        """Whether it is a view with parameters, as `token_clusters_as_of`, that the caller's role may read."""
        if name.lower() in self._engines_own:
            return False
        asked = {"database": self._database, "name": as_parameter(name)}
        return bool(handle.rows(_IS_VIEW, asked))


def _check_root(lines: list[str], statements: frozenset[str]) -> None:
    root = lines[0].split(" ", 1)[0] if lines else ""
    if root not in statements:
        kind = lines[0].strip() if lines else "an empty statement"
        raise EngineError(READONLY, f"A read-only user may only read: {kind} is not a query")


def _canonical(handle: Handle, sql: str) -> str:
    try:
        parsed = handle.query(
            "SELECT formatQuerySingleLine({statement:String})", "TabSeparatedRaw", {"statement": as_parameter(sql)}
        )
    except EngineError as error:
        # The parser's words, without those about the question they were asked in.
        raise EngineError(error.code, _ASKED_IN.sub("", str(error))) from error
    return parsed.body.decode("utf-8", "surrogateescape").removesuffix("\n")


def _check_name(name: str, tables: frozenset[str], *, bound: bool) -> None:
    database, _, rest = name.strip().replace("`", "").partition(".")
    table = rest.partition(".")[0]
    if database.lower() == "system" and rest and table not in tables:
        raise EngineError(
            ACCESS_DENIED, f"A read-only user may not read system.{table}; open to it: {', '.join(sorted(tables))}"
        )
    if bound and database.lower() == "information_schema" and rest:
        raise EngineError(ACCESS_DENIED, "Bound to a tenant, ask with SHOW TABLES and DESCRIBE instead")
