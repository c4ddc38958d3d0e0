import pytest

from holdfast.warehouse.statements import parse_statements


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("", []),
        (" ;; \n; ", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT 'a;b'; SELECT 2", ["SELECT 'a;b'", "SELECT 2"]),
        (r"SELECT 'it\'s; so'; SELECT 2", [r"SELECT 'it\'s; so'", "SELECT 2"]),
        ("SELECT 'it''s; so'; SELECT 2", ["SELECT 'it''s; so'", "SELECT 2"]),
        (r"SELECT '\\'; SELECT 2", [r"SELECT '\\'", "SELECT 2"]),
        ('SELECT "a;b", `c;d`; SELECT 2', ['SELECT "a;b", `c;d`', "SELECT 2"]),
        ("SELECT 1 -- no; end\n; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1 -- it's\n; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1 /* a; 'b */; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("#!shebang; here\nSELECT 1", ["SELECT 1"]),
        ("SELECT $$a;b$$; SELECT $x$c;$$d$x$", ["SELECT $$a;b$$", "SELECT $x$c;$$d$x$"]),
        ("SELECT 3 - -2 / 1 * 4", ["SELECT 3 - -2 / 1 * 4"]),
        ("-- only a comment", []),
        ("SELECT '-- kept', '/* kept */'", ["SELECT '-- kept', '/* kept */'"]),
    ],
)
def test_statements_end_where_the_engine_ends_them(sql: str, expected: list[str]) -> None:
    assert parse_statements(sql) == expected


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_a_quote_left_open_names_its_line(quote: str) -> None:
    with pytest.raises(ValueError, match="line 2 is never closed"):
        parse_statements(f"SELECT 1;\nSELECT {quote}a; SELECT 2")
