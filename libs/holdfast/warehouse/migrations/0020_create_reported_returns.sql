-- Returns that providers computed themselves, one statement a row, so that nobody sees half of one: compared with
-- ours, never added. Signed; NULL is what the provider could not say.
CREATE TABLE IF NOT EXISTS reported_returns
(
    source        String,
    observed_at   DateTime64(3, 'UTC'),
    event_id      String,
    tenant        LowCardinality(String),
    provider      LowCardinality(String),
    account       String,
    scope         LowCardinality(String),
    fetched_at    DateTime64(3, 'UTC'),
    recorded_at   DateTime64(3, 'UTC'),
    job_id        String,
    quote         LowCardinality(String),      -- what all of it is in
    total_return  Nullable(Decimal(76, 36)),
    items         Array(Tuple(
                      asset String,
                      amount Nullable(Decimal(76, 36)),
                      value Nullable(Decimal(76, 36)),
                      total_return Nullable(Decimal(76, 36)),
                      reason LowCardinality(String))),
    block_number  Nullable(UInt64),
    raw           Array(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(observed_at)
ORDER BY (source, observed_at, event_id)
SETTINGS index_granularity = 256;
