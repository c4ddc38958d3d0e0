"""Numbers in text are read exactly or not at all."""

from decimal import Decimal

import pytest

from holdfast.providers.kit.exact import Stated, UnreadableNumberError, to_decimal, to_stated
from holdfast.providers.kit.labels import to_label


def test_thirty_eight_digits_survive() -> None:
    text = "10076.999426431322729394061370751783986"
    assert str(to_decimal(text)) == text


@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "1_000", "١٢", " 1", "1 ", "+1", ".5", "1.", "1e400", "0x1", "1,5", "--", "9" * 81, "1\n"],
)
def test_what_is_not_a_plain_number_is_refused(text: str) -> None:
    with pytest.raises(UnreadableNumberError):
        to_decimal(text)


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("", Stated(None, None)),
        ("0", Stated(Decimal(0), None)),
        ("1.5e-7", Stated(Decimal("0.00000015"), None)),
        ("-0.1", Stated(None, "negative_amount")),
        ("9" * 40, Stated(Decimal("9" * 40), None)),
        ("1" + "0" * 40, Stated(None, "out_of_range")),
    ],
)
def test_a_number_is_stated_or_kept_out_with_its_reason(text: str, stated: Stated) -> None:
    assert to_stated(text) == stated


def test_a_label_is_one_short_printable_line() -> None:
    assert to_label("  Aave\n\x00V3\u2028 \u202egnp.exe ") == "Aave V3 gnp.exe"
    assert len(to_label("x" * 10_000)) == 120
