-- When each block was, as far as anything was seen at one. A block that a chain's own node stated wins over one that
-- another provider named beside its figures; then the latest heard, because a reorganisation gives a number a new block.
CREATE TABLE IF NOT EXISTS blocks
(
    chain   LowCardinality(String),            -- CAIP-2
    number  UInt64,
    time    DateTime64(3, 'UTC'),
    hash    String,                            -- empty where it was not stated
    rank    UInt64
)
ENGINE = ReplacingMergeTree(rank)
ORDER BY (chain, number)
SETTINGS index_granularity = 1024;

CREATE MATERIALIZED VIEW IF NOT EXISTS blocks_from_snapshots TO blocks AS
SELECT
    assumeNotNull(toString(chain)) AS chain, assumeNotNull(block_number) AS number, assumeNotNull(block_time) AS time,
    ifNull(block_hash, '') AS hash, bitShiftLeft(toUInt64(1), 62) + toUInt64(toUnixTimestamp64Milli(fetched_at)) AS rank
FROM snapshots
WHERE isNotNull(chain) AND isNotNull(block_number) AND isNotNull(block_time);

-- A provider states returns as of a block's own time; the chain is the account's.
CREATE MATERIALIZED VIEW IF NOT EXISTS blocks_from_reported_returns TO blocks AS
SELECT
    arrayStringConcat(arraySlice(splitByChar(':', account), 1, 2), ':') AS chain, assumeNotNull(block_number) AS number,
    observed_at AS time, '' AS hash, toUInt64(toUnixTimestamp64Milli(fetched_at)) AS rank
FROM reported_returns
WHERE isNotNull(block_number) AND countSubstrings(account, ':') = 2;

INSERT INTO blocks
SELECT
    assumeNotNull(toString(chain)), assumeNotNull(block_number), assumeNotNull(block_time), ifNull(block_hash, ''),
    bitShiftLeft(toUInt64(1), 62) + toUInt64(toUnixTimestamp64Milli(fetched_at))
FROM snapshots FINAL
WHERE isNotNull(chain) AND isNotNull(block_number) AND isNotNull(block_time);
