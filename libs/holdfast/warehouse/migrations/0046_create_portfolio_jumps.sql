-- Points whose total moved further from the point before than was allowed, and what moved most. A row is about two
-- stored points by their versions: once either is replaced by a better one, it says nothing any more.
CREATE TABLE IF NOT EXISTS jumps
(
    tenant        LowCardinality(String),
    portfolio     LowCardinality(String),
    bucket        DateTime('UTC'),
    version       UInt256,                     -- of the point
    bucket_before DateTime('UTC'),
    version_before UInt256,
    net           Decimal(76, 36),
    net_before    Decimal(76, 36),
    ratio         Nullable(Decimal(76, 36)),   -- how far it moved, of what it was; NULL where that was 0
    allowed       Decimal(76, 36),             -- the ratio that was allowed
    asset         String,                      -- that moved most; empty for lines that name none
    cause         LowCardinality(String),
    asset_value   Nullable(Decimal(76, 36)),   -- signed: debt is below zero
    asset_value_before Nullable(Decimal(76, 36)),
    price_source  LowCardinality(String),
    price_source_before LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, portfolio, bucket, version, bucket_before, version_before)
SETTINGS index_granularity = 256;

-- `points`: each with the point before it, as both are stored now.
CREATE OR REPLACE VIEW portfolio_jumps AS
WITH points AS
(
    SELECT
        tenant, portfolio, bucket, version,
        lagInFrame(bucket) OVER before AS bucket_before,
        lagInFrame(version) OVER before AS version_before
    FROM portfolio_totals FINAL
    WINDOW before AS (PARTITION BY tenant, portfolio ORDER BY bucket ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT
    j.tenant              AS tenant,
    j.portfolio           AS portfolio,
    j.bucket              AS bucket,
    j.bucket_before       AS bucket_before,
    j.net                 AS net,
    j.net_before          AS net_before,
    j.net - j.net_before  AS moved,
    j.ratio               AS ratio,
    j.allowed             AS allowed,
    j.asset               AS asset,
    j.cause               AS cause,
    j.asset_value         AS asset_value,
    j.asset_value_before  AS asset_value_before,
    j.price_source        AS price_source,
    j.price_source_before AS price_source_before
FROM jumps AS j FINAL
INNER JOIN points AS p ON p.tenant = j.tenant AND p.portfolio = j.portfolio AND p.bucket = j.bucket
    AND p.version = j.version AND p.bucket_before = j.bucket_before AND p.version_before = j.version_before;
