"""Reads just enough of a statement to know how to run it; the engine does the real parsing."""

import re

from msgspec import Struct

_SPACE = rb"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*"
_NAME = rb"(?:`(?:[^`\\]|\\.)+`|\"(?:[^\"\\]|\\.)+\"|\{\w+\s*:\s*Identifier\}|[\w$]+)"

# INSERT INTO [TABLE] name [(columns)] [SETTINGS …] followed by its data. Anything else that begins with
# INSERT (INSERT … SELECT, table functions) goes to the engine whole.
_INSERT = re.compile(
    rb"(?P<head>"
    + _SPACE
    + rb"INSERT\s+INTO\s+(?:TABLE\s+)?"
    + _NAME
    + rb"(?:\s*\.\s*"
    + _NAME
    + rb")*\s*"
    + rb"(?:\((?:[^()`\"']|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\"|\([^()]*\))*\)\s*)?"
    + rb"(?:SETTINGS\s(?:[^'();]|'(?:[^'\\]|\\.)*')*?)?"
    + rb")(?<![\w$])(?:FORMAT\s+(?P<format>\w+)[ \t\f]*(?:\r?\n|(?=[^\w\s])|(?<=[ \t])|\Z)|(?P<values>VALUES)(?!\w))",
    re.IGNORECASE | re.DOTALL,
)
_MAYBE_INSERT = re.compile(_SPACE + rb"INSERT\b", re.IGNORECASE | re.DOTALL)

_QUIET = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`|\$(\w*)\$.*?\$\1\$",
    re.DOTALL,
)
_WORD = re.compile(r"[A-Za-z_]+")
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*(?:\bSETTINGS\b[^;]*)?;?\s*\Z", re.IGNORECASE)

_READS = frozenset({"SELECT", "WITH", "FROM", "SHOW", "DESC", "DESCRIBE", "EXPLAIN", "EXISTS", "CHECK", "VALUES"})
_SELECTS = frozenset({"SELECT", "WITH", "FROM"})
_DEFINES = frozenset({"ATTACH", "CREATE", "DETACH", "DROP", "EXCHANGE", "RENAME", "UNDROP"})
_LASTING = re.compile(r";\s*\S|\bSETTINGS\b", re.IGNORECASE)
_OUTFILE = re.compile(r"\bINTO\s+OUTFILE\b|\bFROM\s+INFILE\b", re.IGNORECASE)


class InsertHead(Struct, frozen=True, kw_only=True):
    """`INSERT INTO t (a, b)`, the format of the data that follows, and where it starts."""

    sql: str
    format: str
    data_at: int


class Outline(Struct, frozen=True, kw_only=True):
    """What a statement does, as far as its first word tells, and the format it asks for, if any.

    `leaves_nothing`: it is one SELECT, without settings of its own, after which its handle is as it was before.
    `defines`: a database or table, and so what the names on other handles mean.
    """

    reads: bool
    streams: bool
    leaves_nothing: bool
    defines: bool
    touches_files: bool
    format: str | None


def parse_insert(body: bytes) -> InsertHead | None:
    """The head of an INSERT that brings its own data, or None."""
    found = _INSERT.match(body)
    if found is None:
        return None
    return InsertHead(
        sql=found["head"].decode("utf-8", "surrogateescape").strip(),
        format=found["format"].decode() if found["format"] else "Values",
        data_at=found.end(),
    )


def may_be_insert(body: bytes) -> bool:
    return _MAYBE_INSERT.match(body) is not None


def parse_outline(sql: str) -> Outline:
    bare = _QUIET.sub(lambda quoted: "''" if quoted[0][0] in "'\"`$" else " ", sql)
    first = _WORD.search(bare)
    verb = first[0].upper() if first else ""
    # WITH may introduce an INSERT as well.
    writes = verb == "WITH" and re.search(r"\bINSERT\s+INTO\b", bare, re.IGNORECASE) is not None
    asked = _FORMAT.search(bare)
    return Outline(
        reads=verb in _READS and not writes,
        streams=verb in _SELECTS and not writes,
        leaves_nothing=verb in _SELECTS and not writes and _LASTING.search(bare) is None,
        defines=verb in _DEFINES,
        touches_files=_OUTFILE.search(bare) is not None,
        format=asked[1] if asked else None,
    )
