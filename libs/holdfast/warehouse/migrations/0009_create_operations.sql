-- What every fetch cost and how it ended.
CREATE TABLE IF NOT EXISTS fetches
(
    event_id       String,
    job_id         String,
    tenant         LowCardinality(String),
    provider       LowCardinality(String),
    feed           LowCardinality(String),
    target         String,
    scope          LowCardinality(String),
    slot           DateTime64(3, 'UTC'),
    lane           LowCardinality(String),
    started_at     DateTime64(3, 'UTC'),
    finished_at    DateTime64(3, 'UTC'),
    attempts       UInt32,
    outcome        LowCardinality(String),     -- finished, retry, paused, stopped or dead_lettered
    error          LowCardinality(String),
    message        String,
    requests       UInt32,
    response_bytes UInt64,
    snapshots      UInt32,
    lines          UInt32
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(started_at)
ORDER BY (tenant, provider, target, scope, started_at, event_id)
TTL toDateTime(started_at) + INTERVAL 400 DAY;

-- What could not be worked off: see `holdfast dead`.
CREATE TABLE IF NOT EXISTS dead_letters
(
    dead_seq      UInt64,                      -- sequence in the DEAD stream
    died_at       DateTime64(3, 'UTC'),
    stream        LowCardinality(String),
    consumer      LowCardinality(String),
    origin_seq    UInt64,
    subject       String,
    reason        LowCardinality(String),
    message       String,
    payload       String
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(died_at)
ORDER BY (died_at, dead_seq)
TTL toDateTime(died_at) + INTERVAL 400 DAY;
