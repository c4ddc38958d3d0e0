-- One complete statement of one source at one instant. A snapshot counts only once its row is here:
-- its lines are inserted first, so a reader who comes through this table never sees half of it.
-- The same statement may come several times (fetched again, published again): it stays one row, recorded when
-- it first was and fetched when it last was, in whatever order the copies came.
CREATE TABLE IF NOT EXISTS snapshots
(
    source        String,                      -- tenant/provider/account/scope
    observed_at   DateTime64(3, 'UTC'),
    snapshot_id   String,                      -- hash of (source, observed_at, content)
    tenant        SimpleAggregateFunction(any, LowCardinality(String)),
    provider      SimpleAggregateFunction(any, LowCardinality(String)),
    account       SimpleAggregateFunction(any, String),  -- CAIP-10, or <provider>:<id>
    scope         SimpleAggregateFunction(any, LowCardinality(String)),
    chain         SimpleAggregateFunction(any, LowCardinality(Nullable(String))),
    fetched_at    SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    recorded_at   SimpleAggregateFunction(min, DateTime64(3, 'UTC')),  -- the stream's own time of the message
    job_id        SimpleAggregateFunction(max, String),
    block_number  SimpleAggregateFunction(max, Nullable(UInt64)),
    block_hash    SimpleAggregateFunction(max, Nullable(String)),
    block_time    SimpleAggregateFunction(max, Nullable(DateTime64(3, 'UTC'))),
    raw           SimpleAggregateFunction(groupUniqArrayArray, Array(String)),  -- SHA-256 of the response bodies
    covers        SimpleAggregateFunction(any, Array(String)),  -- receipt and LP tokens that its positions stand for
    lines         SimpleAggregateFunction(any, UInt32),
    stream_seq    SimpleAggregateFunction(min, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(observed_at)
ORDER BY (source, observed_at, snapshot_id)
SETTINGS index_granularity = 1024;

-- A snapshot over the payload limit comes in parts, to any replica and in any order. Its row is made of these
-- once all are here.
CREATE TABLE IF NOT EXISTS snapshot_parts
(
    source        String,
    observed_at   DateTime64(3, 'UTC'),
    snapshot_id   String,
    part          UInt32,
    parts         UInt32,
    tenant        LowCardinality(String),
    provider      LowCardinality(String),
    account       String,
    scope         LowCardinality(String),
    chain         LowCardinality(Nullable(String)),
    fetched_at    DateTime64(3, 'UTC'),
    recorded_at   DateTime64(3, 'UTC'),
    job_id        String,
    block_number  Nullable(UInt64),
    block_hash    Nullable(String),
    block_time    Nullable(DateTime64(3, 'UTC')),
    raw           Array(String),
    covers        Array(String),
    lines         UInt32,
    stream_seq    UInt64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(observed_at)
ORDER BY (source, observed_at, snapshot_id, part, fetched_at, recorded_at)
SETTINGS index_granularity = 256;
