"""What differs between two states of knowledge, apart from any store."""

from decimal import Decimal

from services.api.native.provenance.differing import Known, Line, Stated, differences

SOURCE = "acme/okx/eip155:1:0xaaa/defi"


def owed(value: str) -> Line:
    return Line(
        source=SOURCE, account="eip155:1:0xaaa", asset="iso4217:USD", platform="", position="", kind="borrowed",
        side="debt", amount=value, price_usd="1", value_usd=value, reason=None, counted=True, excluded=False,
        snapshot_id="1" * 32, price_event_id=None, price_recorded_at=None,
    )  # fmt: skip


def known(*lines: Line) -> Known:
    stated = Stated(source=SOURCE, snapshot_id="1" * 32, recorded_at=None, job_id=None, revision=1)
    return Known(lines=lines, statements={SOURCE: stated})


def test_a_debt_of_more_digits_than_a_decimal_computes_with_takes_all_of_them_from_the_total() -> None:
    value = "12345678901234567890.123456789012345678"
    (come,) = differences(known(), known(owed(value)))
    (gone,) = differences(known(owed(value)), known())
    assert (come.change, gone.change) == (Decimal(f"-{value}"), Decimal(value))
