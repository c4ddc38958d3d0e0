-- One line of a snapshot. What was observed never changes; what it is worth may become known later,
-- so the valued columns are replaced by a row of a greater version (a better price was seen).
CREATE TABLE IF NOT EXISTS balances
(
    source        String,
    observed_at   DateTime64(3, 'UTC'),
    snapshot_id   String,
    line          UInt32,                      -- position in the snapshot, from 0
    asset         LowCardinality(Nullable(String)),  -- CAIP-19, iso4217:GBP or <provider>:<id>; null if not stated
    symbol        LowCardinality(String),
    asset_type    LowCardinality(String),
    asset_class   LowCardinality(String),
    chain         LowCardinality(Nullable(String)),
    platform      LowCardinality(String),
    position      String,                      -- the provider's id of the pool, vault or market
    kind          LowCardinality(String),
    side          LowCardinality(String),      -- asset or debt
    amount        Nullable(Decimal(76, 36)),
    currency      LowCardinality(String),      -- of stated_price and stated_value
    stated_price  Nullable(Decimal(76, 36)),   -- by the provider
    stated_value  Nullable(Decimal(76, 36)),
    priced_by     LowCardinality(String),      -- the asset whose price this line is valued with; empty if none is needed
    price_usd     Nullable(Decimal(76, 36)),
    value_usd     Nullable(Decimal(76, 36)),
    price_source  LowCardinality(String),      -- who stated the price or value used; empty if none
    price_at      Nullable(DateTime64(3, 'UTC')),
    reason        LowCardinality(String),      -- why amount or value is missing; empty if nothing is
    truncated     Bool,                        -- more than 36 decimals came in
    version       UInt64                       -- of the price used (its time << 16 | claims that disagreed); 0 for none
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(observed_at)
ORDER BY (source, observed_at, snapshot_id, line)
SETTINGS index_granularity = 1024;

-- Where a price that comes late finds the snapshots it may change, without reading all lines.
CREATE TABLE IF NOT EXISTS priced_snapshots
(
    priced_by     LowCardinality(String),
    observed_at   DateTime64(3, 'UTC'),
    source        String,
    snapshot_id   String
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(observed_at)
ORDER BY (priced_by, observed_at, source, snapshot_id)
SETTINGS index_granularity = 256;

CREATE MATERIALIZED VIEW IF NOT EXISTS priced_snapshots_from_balances TO priced_snapshots AS
SELECT DISTINCT priced_by, observed_at, source, snapshot_id FROM balances WHERE priced_by != '';
