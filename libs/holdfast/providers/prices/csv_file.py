"""Prices from a CSV file. One bad row refuses the whole file: half a price list is a wrong one."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from holdfast.domain.prices import Price
from holdfast.providers.prices.rows import RowError, to_price

_REQUIRED = ("asset", "at", "price")
_KNOWN = (*_REQUIRED, "quote", "source")
_PROBLEMS_TOLD = 10


class PriceFileError(ValueError):
    """What is wrong with the file, a problem a line, each with its line and column."""


def load_prices(path: Path, source: str) -> tuple[Price, ...]:
    """Raises OSError for a file that cannot be opened, PriceFileError for one that is not a price list."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise PriceFileError(f"{path.name}: not UTF-8 at byte {error.start}") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        return _parse(reader, path.name, source)
    except csv.Error as error:
        raise PriceFileError(f"{path.name}, after line {reader.line_num}: {error}") from error


def _parse(reader: "csv.DictReader[str]", file: str, source: str) -> tuple[Price, ...]:
    problems = list(_check_header(reader, file))
    prices: dict[tuple[object, ...], tuple[int, Price]] = {}
    for row in reader if not problems else ():
        line = reader.line_num
        try:
            price = _to_price(row, source)
        except RowError as error:
            problems.append(f"{file}, line {line}, column {error.field}: {error.message}")
            continue
        first, known = prices.setdefault((price.asset, price.quote, price.source, price.at), (line, price))
        if known.price != price.price:
            problems.append(
                f"{file}, line {line}, column price: line {first} states another price for the same instant"
            )
    if problems:
        more = len(problems) - _PROBLEMS_TOLD
        raise PriceFileError("\n".join(problems[:_PROBLEMS_TOLD]) + (f"\nand {more} more" if more > 0 else ""))
    return tuple(price for _, price in prices.values())


def _check_header(reader: "csv.DictReader[str]", file: str) -> Iterator[str]:
    columns = reader.fieldnames or ()
    for column in _REQUIRED:
        if column not in columns:
            yield f"{file}, line 1, column {column}: is missing; the first line names the columns: {','.join(_KNOWN)}"
    for column in columns:
        if column not in _KNOWN:
            yield f"{file}, line 1, column {column[:60]}: is unknown; known are {', '.join(_KNOWN)}"
    if len(set(columns)) != len(columns):
        yield f"{file}, line 1: names a column twice"


def _to_price(row: dict[str, str], source: str) -> Price:
    """csv keeps surplus cells under the key None, and fills missing ones with None."""
    if None in row:
        raise RowError("(none)", "more cells than columns")
    return to_price(row, source)
