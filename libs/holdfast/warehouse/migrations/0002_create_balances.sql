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
    price_usd     Nullable(Decimal(76, 36)),
    value_usd     Nullable(Decimal(76, 36)),
    price_source  LowCardinality(String),      -- who stated the price or value used; empty if none
    price_at      Nullable(DateTime64(3, 'UTC')),
    reason        LowCardinality(String),      -- why amount or value is missing; empty if nothing is
    truncated     Bool,                        -- more than 36 decimals came in
    version       UInt128                      -- grows with the price used: see services/aggregator
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(observed_at)
ORDER BY (source, observed_at, snapshot_id, line)
SETTINGS index_granularity = 1024;
