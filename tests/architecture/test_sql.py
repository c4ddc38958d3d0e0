"""Lints that were paid for: Decimal256 products wrap silently in the engine, and `pow(10, n)` is float money."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    path for top in ("libs", "services") for path in (ROOT / top).rglob("*.sql") if path.name != "schema.sql"
)

COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
STRING = re.compile(r"'(?:[^'\\]|\\.|'')*'")
STAR_OF_COLUMNS = re.compile(
    r"\bcount\(\s*\*\s*\)|\bselect\s+(?:distinct\s+)?\*|[\w`]\.\*|,\s*\*(?=\s*(?:,|\bfrom\b|except))", re.IGNORECASE
)
PRODUCT = re.compile(r"\*")


def statements(path: Path) -> list[str]:
    text = STRING.sub("''", COMMENT.sub(" ", path.read_text(encoding="utf-8")))
    return [statement for statement in text.split(";") if statement.strip()]


def unguarded_products(statement: str) -> bool:
    return bool(PRODUCT.search(STAR_OF_COLUMNS.sub(" ", statement))) and "throwif" not in statement.lower()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_sql_multiplies_without_a_guard_or_divides_money_by_a_power(path: Path) -> None:
    for statement in statements(path):
        assert not unguarded_products(statement), (
            f"{path.name}: a bare * on decimals wraps silently; guard it with throwIf"
        )
        assert not re.search(r"\bpow(er)?\s*\(\s*10|\bexp10\s*\(", statement, re.IGNORECASE), (
            f"{path.name}: float money"
        )


def test_the_lint_sees_a_bare_product_and_lets_columns_pass() -> None:
    assert unguarded_products("SELECT amount * price FROM t")
    assert not unguarded_products("SELECT *, b.* FROM t WHERE (SELECT count(*) FROM u) > 0")
    assert not unguarded_products("SELECT throwIf(abs(toFloat64(a) * toFloat64(b)) >= 1e27), a * b FROM t")


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "libs/holdfast/warehouse/migrations").glob("*.sql"))
    assert numbers == list(range(1, len(numbers) + 1))
