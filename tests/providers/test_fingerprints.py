"""A question's fingerprint finds its kept answer again, and shows nothing of what was asked."""

import secrets

from holdfast.observability.logs import hide, redacted
from holdfast.providers.kit.fingerprints import fingerprint

URL = "https://api.example.org/v1/accounts?tokens=eth,btc"


def test_the_same_question_to_another_host_is_the_same() -> None:
    moved = URL.replace("api.example.org", "127.0.0.1:8090")
    assert fingerprint("GET", URL, b"") == fingerprint("GET", moved, b"")


def test_method_path_query_and_body_each_make_another_question() -> None:
    asked = {
        fingerprint("GET", URL, b""),
        fingerprint("POST", URL, b""),
        fingerprint("GET", URL.replace("accounts", "account"), b""),
        fingerprint("GET", URL.replace("eth", "ada"), b""),
        fingerprint("GET", URL, b'{"id": 1}'),
    }
    assert len(asked) == 5


def test_a_new_key_does_not_make_another_question() -> None:
    old, new = secrets.token_hex(16), secrets.token_hex(16)
    hide(old)
    hide(new)
    body = '{{"apikey": "{}", "id": 1}}'
    by_old = fingerprint("POST", f"{URL}&key={old}", body.format(old).encode())
    assert by_old == fingerprint("POST", f"{URL}&key={new}", body.format(new).encode())


def test_bytes_that_are_no_text_have_one_too() -> None:
    assert len(fingerprint("POST", URL, bytes(range(256)))) == 64


def test_of_two_secrets_of_which_one_begins_with_the_other_neither_shows() -> None:
    """As the addresses of two nodes, `…/rpc/1` and `…/rpc/137`: in whatever order they became known."""
    short = f"https://{secrets.token_hex(8)}.example.org/rpc/1"
    long = f"{short}37"
    hide(short)
    hide(long)
    assert redacted(f"no answer from {long}") == "no answer from ***"
    assert fingerprint("POST", long, b"x") == fingerprint("POST", short, b"x")
