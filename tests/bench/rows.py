"""The rows and statements of the endpoint's line, the same for both sides."""

CREATE = (
    "CREATE TABLE IF NOT EXISTS holdfast.rows"
    " (id UInt64, at DateTime64(3, 'UTC'), amount Decimal(76, 36), text String) ENGINE = MergeTree ORDER BY id"
)
TRUNCATE = "TRUNCATE TABLE holdfast.rows"
POINT = "SELECT amount FROM holdfast.rows WHERE id = 123 LIMIT 1"
SELECT = "SELECT * FROM holdfast.rows FORMAT Native"


def to_rows_query(rows: int) -> str:
    return (
        "SELECT number AS id, toDateTime64(1.7e9 + number, 3, 'UTC') AS at, toDecimal256(number, 36) AS amount,"
        f" toString(number) AS text FROM numbers({rows}) FORMAT Native"
    )
