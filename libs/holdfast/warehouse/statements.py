"""Splits a file of SQL into statements, as the engine itself would read it."""

import re

# One alternative per thing inside which a semicolon means nothing.
_PIECES = re.compile(
    r"""
      (?P<comment>  --[^\n]* | \#![^\n]* | \#\ [^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<quoted>   '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`\\]|\\.|``)*` )
    | (?P<heredoc>  \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
    | (?P<end>      ; )
    | (?P<text>     [^-#/'"`$;]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)


def parse_statements(sql: str) -> list[str]:
    """The statements of `sql` without comments, in order, each stripped and not empty.

    A semicolon ends a statement unless it stands in a quote ('…', "…", `…`), a heredoc ($tag$…$tag$)
    or a comment (--, #!, /* */). Raises ValueError for a quote that is never closed.
    """
    statements = [""]
    for piece in _PIECES.finditer(sql):
        if piece.lastgroup == "text" and piece.group() in {"'", '"', "`"}:
            line = sql.count("\n", 0, piece.start()) + 1
            raise ValueError(f"the quote {piece.group()} opened in line {line} is never closed")
        if piece.group("end"):
            statements.append("")
        elif piece.group("comment"):
            statements[-1] += " "
        else:
            statements[-1] += piece.group()
    return [tidy for statement in statements if (tidy := _without_blank_lines(statement))]


def _without_blank_lines(statement: str) -> str:
    return "\n".join(line.rstrip() for line in statement.strip().splitlines() if line.strip())
