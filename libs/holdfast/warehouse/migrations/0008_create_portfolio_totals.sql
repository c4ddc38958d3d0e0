-- The computed truth: one row per portfolio and hour, total and breakdown in one row, so that both are always
-- of the same inputs and a replaced row leaves no ghost keys behind.
CREATE TABLE IF NOT EXISTS portfolio_totals
(
    tenant          LowCardinality(String),
    portfolio       LowCardinality(String),
    bucket          DateTime('UTC'),           -- start of the hour; the value is that at its end
    version         UInt256,                   -- grows with the inputs seen, never with when it ran (see below)
    as_of           DateTime64(3, 'UTC'),      -- newest observation in it
    oldest_input    DateTime64(3, 'UTC'),
    assets          Decimal(76, 36),           -- USD
    debt            Decimal(76, 36),
    net             Decimal(76, 36),
    lines           UInt64,
    lines_unpriced  UInt64,                    -- of `lines`, how many have no value
    lines_excluded  UInt64,                    -- not of `lines`: receipt tokens and the like
    lines_truncated UInt64,
    sources         UInt32,                    -- that have a snapshot
    sources_missing UInt32,                    -- members that never had one
    sources_observed UInt32,                   -- with a snapshot inside this hour
    reasons         Map(LowCardinality(String), UInt64),
    breakdown       Array(Tuple(axis LowCardinality(String), key String, assets Decimal(76, 36), debt Decimal(76, 36), lines UInt64, lines_unpriced UInt64)),
    computed_at     DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(bucket)
ORDER BY (tenant, portfolio, bucket)
SETTINGS index_granularity = 256;

-- version, from the top: 40 bits, the registry revision of the portfolio's membership; 136 bits, the sum over its
-- sources of (observed_at, fetched_at, first bits of snapshot_id) of their current snapshots; 80 bits, the sum over
-- their lines of 1 + the line's own version. Each part can only grow as more is seen, and every input that changes
-- the row makes one of them grow while those above it stay.

-- Up to which revision a membership is worked into every stored point. A projection that dies halfway is
-- found here and finished.
CREATE TABLE IF NOT EXISTS settled_portfolios
(
    tenant          LowCardinality(String),
    portfolio       LowCardinality(String),
    revision        UInt64
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (tenant, portfolio);
