-- `holdfast rebuild` derives again what was derived from events, beside the live tables. What it finds to differ is kept
-- here with what it should be; what is the same needs no second copy.
CREATE TABLE IF NOT EXISTS rebuild_units
(
    run           String,
    unit          String,                      -- a piece of the work: what is derived, of whom, and when
    finished_at   DateTime64(3, 'UTC') DEFAULT now64(3),
    rows          UInt64,                      -- derived and compared
    differences   UInt64,
    moving        UInt64,                      -- looked different each time they were looked at: events were coming in
    seconds       Float64
)
ENGINE = ReplacingMergeTree(finished_at)
ORDER BY (run, unit)
TTL toDateTime(finished_at) + INTERVAL 90 DAY;

-- Lines whose value is not what prices and statements make it. `seen` is a hash of what is stored and what should be:
-- a difference that is seen twice, some time apart, is one.
CREATE TABLE IF NOT EXISTS rebuilt_lines
(
    run           String,
    unit          String,
    look          UInt32,
    source        String,
    observed_at   DateTime64(3, 'UTC'),
    snapshot_id   String,
    line          UInt32,
    price_usd     Nullable(Decimal(76, 36)),
    value_usd     Nullable(Decimal(76, 36)),
    price_source  String,
    price_at      Nullable(DateTime64(3, 'UTC')),
    reason        String,
    version       UInt64,
    live_value    Nullable(Decimal(76, 36)),
    live_version  UInt64,
    live_digest   UInt64,
    seen          UInt64,
    recorded_at   DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY (run, unit, source, observed_at, snapshot_id, line)
TTL toDateTime(recorded_at) + INTERVAL 90 DAY;

-- Points that are not what their lines make them.
CREATE TABLE IF NOT EXISTS rebuilt_totals
(
    run             String,
    unit            String,
    look            UInt32,
    tenant          String,
    portfolio       String,
    bucket          DateTime('UTC'),
    version         UInt256,
    as_of           DateTime64(3, 'UTC'),
    oldest_input    DateTime64(3, 'UTC'),
    assets          Decimal(76, 36),
    debt            Decimal(76, 36),
    net             Decimal(76, 36),
    lines           UInt64,
    lines_unpriced  UInt64,
    lines_excluded  UInt64,
    lines_truncated UInt64,
    sources         UInt32,
    sources_missing UInt32,
    sources_observed UInt32,
    reasons         Map(LowCardinality(String), UInt64),
    breakdown       Array(Tuple(axis LowCardinality(String), key String, assets Decimal(76, 36), debt Decimal(76, 36), lines UInt64, lines_unpriced UInt64)),
    live_net        Nullable(Decimal(76, 36)),
    live_version    UInt256,
    live_computed_at DateTime64(3, 'UTC'),
    seen            UInt64,
    recorded_at     DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY (run, unit, tenant, portfolio, bucket)
TTL toDateTime(recorded_at) + INTERVAL 90 DAY;
