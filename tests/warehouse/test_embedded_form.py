"""Forms as clients send them, and as they should not."""

import httpx
import pytest

from holdfast.warehouse.embedded.errors import EngineError
from holdfast.warehouse.embedded.request import FIELD_BYTES, parse_form

TYPE = "multipart/form-data; boundary=edge"
VALUES = ["", "SELECT 1", "two\r\nlines\n", "\r\n\r\n", "--edge", "ü€😀", 'a: b; c="d"', "\x00\t"]


def part(name: str, value: str, *more: str) -> str:
    return "\r\n".join(["--edge", f'Content-Disposition: form-data; name="{name}"', *more, "", value, ""])


@pytest.mark.parametrize("value", VALUES)
def test_a_value_arrives_as_it_was_sent(value: str) -> None:
    files = {"query": (None, "SELECT {a:String}"), "param_a": (None, value)}
    request = httpx.Request("POST", "http://here/", files=files)
    assert parse_form(request.read(), request.headers["content-type"]) == {
        name: text for name, (_, text) in files.items()
    }


def test_bytes_that_are_no_text_arrive_too() -> None:
    body = part("param_a", "%").encode().replace(b"%", b"\xff\xfe") + b"--edge--\r\n"
    assert parse_form(body, TYPE)["param_a"].encode("utf-8", "surrogateescape") == b"\xff\xfe"


def test_names_and_headers_may_be_written_in_other_ways() -> None:
    body = "--edge\r\ncontent-type: text/plain\r\nCONTENT-DISPOSITION: form-data; x=y; name=query\r\n\r\n1\r\n--edge--"
    assert parse_form(body.encode(), 'multipart/form-data; charset=utf-8; boundary="edge"') == {"query": "1"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("nonsense", "cannot be read"),
        ("", "cannot be read"),
        (part("query", "SELECT 1"), "cannot be read"),
        (part("query", "SELECT 1")[:-2], "cannot be read"),
        (part("query", "SELECT 1") + "--other--", "cannot be read"),
        ("--edge\r\n\r\nSELECT 1\r\n--edge--", "Missing Content-Disposition"),
        ("--edge\r\nContent-Disposition: form-data\r\n\r\nSELECT 1\r\n--edge--", "has no name"),
        (part("query", "MQ==", "Content-Transfer-Encoding: base64") + "--edge--", "encoded"),
        (part('t"; filename="t.csv', "1") + "--edge--", "external tables"),
        (part("param_a", "x" * (FIELD_BYTES + 1)) + "--edge--", f"has {FIELD_BYTES + 1} bytes"),
    ],
)
def test_a_form_that_cannot_be_taken_is_refused(body: str, says: str) -> None:
    with pytest.raises(EngineError, match=says):
        parse_form(body.encode(), TYPE)


def test_a_form_needs_a_boundary() -> None:
    with pytest.raises(EngineError, match="boundary"):
        parse_form(b"--\r\n", "multipart/form-data")
