-- Ours against what others say, at each instant that they said it: a provider's own total against the sum of its lines
-- (`reported_total`, whole or by platform), and the account's compared source against its counted one
-- (`other_source`). All money is US dollars, debt below zero. NULL is what could not be worked out: `reason` says why.
CREATE TABLE IF NOT EXISTS source_checks
(
    tenant        LowCardinality(String),
    source        String,                      -- whose lines are ours
    kind          LowCardinality(String),      -- reported_total or other_source
    against       String,                      -- the source that says otherwise
    platform      LowCardinality(String),      -- empty for the whole source
    at            DateTime64(3, 'UTC'),        -- of the other's statement
    version       UInt256,                     -- grows with the inputs seen, as that of portfolio_totals
    account       String,
    provider      LowCardinality(String),
    scope         LowCardinality(String),
    ours_at       Nullable(DateTime64(3, 'UTC')),
    ours          Nullable(Decimal(76, 36)),
    theirs        Nullable(Decimal(76, 36)),
    currency      LowCardinality(String),      -- that they stated it in
    stated        Nullable(Decimal(76, 36)),   -- in that currency
    rate_at       Nullable(DateTime64(3, 'UTC')),
    difference    Nullable(Decimal(76, 36)),   -- ours less theirs
    ratio         Nullable(Decimal(76, 36)),   -- of the greater of the two
    tolerance     Decimal(76, 36),             -- the ratio that was allowed when it was judged
    verdict       LowCardinality(String),      -- within, outside or unknown
    reason        LowCardinality(String),      -- why unknown: not_seen no_total no_rate unpriced unreliable_conversion
    lines_unpriced UInt64,                     -- on either side
    asset         LowCardinality(String),      -- that two sources differ most in; empty if none
    asset_difference Nullable(Decimal(76, 36))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, source, kind, against, platform, at)
SETTINGS index_granularity = 1024;

-- Every check ever made, one row for each instant.
CREATE OR REPLACE VIEW cross_check_history AS
SELECT * EXCEPT (version) FROM source_checks FINAL;

-- How each check stands: its newest row.
CREATE OR REPLACE VIEW cross_checks AS
SELECT *
FROM cross_check_history
ORDER BY at DESC
LIMIT 1 BY tenant, source, kind, against, platform;
