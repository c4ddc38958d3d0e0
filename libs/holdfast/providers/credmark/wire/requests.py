"""What is asked, and where. All requests are GET.

/v1/portfolio/1/0xabc…,0xdef…/returns?quoteAddress=0x…0348&timestamp=1687791095
/v1/portfolio/1/0xabc…/value/historical?includePositions=true&startTimestamp=…&endTimestamp=…&timeInterval=3600
"""

import re
from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace

from holdfast.providers.credmark.wire.tokens import USD_ADDRESS, is_address

Resource = Literal["positions", "positions/historical", "value", "value/historical", "returns"]
DAY_S = 86_400
"""The interval of a range that names none."""
MOST_POINTS = 4_000
"""Of one range."""
_WHOLE = re.compile(r"[0-9]{1,12}")
_LAST_SECOND = 253_402_300_799
"""Of the year 9999."""


class RequestError(ValueError):
    """A request that is refused with 400. `message` is a text, or a list of one for each parameter."""

    def __init__(self, message: str | tuple[str, ...]) -> None:
        super().__init__(message)
        self.message = message


class Query(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The parameters of all five resources; each has its own of them. Times are Unix seconds."""

    tokens: tuple[str, ...] = ()
    """Only these; none is all."""
    quote_address: str = USD_ADDRESS
    include_positions: bool = False
    block_number: int | None = None
    timestamp: int | None = None
    """It or `block_number`; neither is the latest."""
    start_block_number: int | None = None
    start_timestamp: int | None = None
    end_block_number: int | None = None
    end_timestamp: int | None = None
    block_interval: int | None = None
    time_interval: int | None = None


_POINT = (("block_number", "timestamp"),)
_RANGE = (
    ("start_block_number", "start_timestamp"),
    ("end_block_number", "end_timestamp"),
    ("block_interval", "time_interval"),
)
_NAMES = dict(zip(Query.__struct_fields__, Query.__struct_encode_fields__, strict=True))


def portfolio_path(chain_id: int, accounts: Iterable[str], resource: Resource) -> str:
    return f"/v1/portfolio/{chain_id}/{','.join(accounts)}/{resource}"


def to_query(query: Query) -> str:
    """As it stands after the question mark; what has its default is left out."""
    values = {name: getattr(query, field) for field, name in _NAMES.items()}
    defaults = Query()
    said = {name: values[name] for field, name in _NAMES.items() if values[name] != getattr(defaults, field)}
    return urlencode({name: _text(value) for name, value in said.items()}, safe=",")


def parse_query(pairs: Iterable[tuple[str, str]], *, historical: bool) -> Query:
    """Of the parameters that such a resource has; others are left alone. Raises RequestError."""
    given: dict[str, list[str]] = {}
    for name, text in pairs:
        given.setdefault(name, []).append(text)
    exclusive = _RANGE if historical else _POINT
    _refuse_both(given, exclusive)
    numbers = {field: _number(given, _NAMES[field]) for pair in exclusive for field in pair}
    if historical and numbers["start_block_number"] is None and numbers["start_timestamp"] is None:
        raise RequestError("Either {startBlockNumber} or {startTimestamp} must be set.")
    query = Query(tokens=_tokens(given), quote_address=_quote(given), include_positions=_flag(given))
    return replace(query, **{field: number for field, number in numbers.items() if number is not None})


def parse_accounts(text: str) -> tuple[str, ...]:
    """Of the path, as they were written. Raises RequestError."""
    accounts = tuple(text.split(","))
    if not all(map(is_address, accounts)):
        raise RequestError(("Invalid account address",))
    return accounts


def _refuse_both(given: dict[str, list[str]], exclusive: Iterable[tuple[str, str]]) -> None:
    for a, b in exclusive:
        if _NAMES[a] in given and _NAMES[b] in given:
            raise RequestError(f"Only one of {{{_NAMES[a]}}} or {{{_NAMES[b]}}} can be set.")


def _number(given: dict[str, list[str]], name: str) -> int | None:
    if name not in given:
        return None
    text = given[name][-1]
    number = int(text) if _WHOLE.fullmatch(text) else -1
    if number < 0 or number > _LAST_SECOND:
        raise RequestError((f"{name} must be an integer number",))
    if name.endswith("Interval") and number == 0:
        raise RequestError((f"{name} must not be less than 1",))
    return number


def _tokens(given: dict[str, list[str]]) -> tuple[str, ...]:
    """Separated by commas, or the parameter repeated, as the SDK sends it."""
    tokens = tuple(token for text in given.get("tokens", ()) for token in text.split(",") if token)
    if not all(map(is_address, tokens)):
        raise RequestError(("Invalid token address",))
    return tokens


def _quote(given: dict[str, list[str]]) -> str:
    address = given.get("quoteAddress", [USD_ADDRESS])[-1]
    if not is_address(address):
        raise RequestError(("Invalid quote address",))
    return address


def _flag(given: dict[str, list[str]]) -> bool:
    text = given.get("includePositions", ["false"])[-1].lower()
    if text not in ("true", "false"):
        raise RequestError(("includePositions must be a boolean value",))
    return text == "true"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)
