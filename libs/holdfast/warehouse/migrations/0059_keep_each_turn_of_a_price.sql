-- A source that says A of an instant, then B, then A once more makes three claims, and the third has the event id of the
-- first, because that says what and not when. So when a claim was fetched is in its key: each turn is a row, recorded when
-- it was, and what a source said last is current, as known at any time and whatever has been merged.
--
-- What is said again unchanged is no claim: the aggregator stores what begins a turn (claims.py), and here how late each
-- turn was told last. That decides where B comes after the second A although it was fetched before it: by then that A had
-- been taken for the first one told again. Of several such tellings the last is known, so as known between them it is B.
ALTER TABLE prices
    ADD COLUMN IF NOT EXISTS turn DateTime64(3, 'UTC'), -- fetched_at once more; 1970: from before each turn was kept
    MODIFY ORDER BY (asset, quote, at, source, event_id, price, turn);

CREATE TABLE IF NOT EXISTS price_retellings
(
    asset      String,
    quote      LowCardinality(String),
    at         DateTime64(3, 'UTC'),
    source     LowCardinality(String),
    price      Decimal(76, 36),
    fetched_at DateTime64(3, 'UTC'),           -- with event_id: which turn is told again
    event_id   String,
    told       SimpleAggregateFunction(max, Tuple( -- last, and of copies of that the one recorded first
                   fetched_at DateTime64(3, 'UTC'),
                   event_id   String,
                   rank       UInt64,          -- as of prices
                   job_id     String))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (asset, quote, at, source, price, fetched_at, event_id)
SETTINGS index_granularity = 1024;

-- What no merge has taken yet of what was said again until now.
INSERT INTO prices (asset, quote, at, source, price, event_id, fetched_at, recorded_at, job_id, turn)
SELECT asset, quote, at, source, price, event_id, fetched_at, recorded_at, job_id, fetched_at
FROM prices
WHERE turn = toDateTime64(0, 3, 'UTC') AND (asset, quote, at, source) IN
(
    SELECT asset, quote, at, source FROM prices GROUP BY asset, quote, at, source HAVING uniqExact(price) > 1
);
