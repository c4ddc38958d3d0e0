-- Providers that state a block's number and time but no hash (portfolio services) now bring whole snapshots as well:
-- what a chain's own node said of the block still wins. It is told by its hash.
DROP VIEW IF EXISTS blocks_from_snapshots;

CREATE MATERIALIZED VIEW IF NOT EXISTS blocks_from_snapshots TO blocks AS
SELECT
    assumeNotNull(toString(chain)) AS chain, assumeNotNull(block_number) AS number, assumeNotNull(block_time) AS time,
    ifNull(block_hash, '') AS hash,
    bitShiftLeft(toUInt64(hash != ''), 62) + toUInt64(toUnixTimestamp64Milli(fetched_at)) AS rank
FROM snapshots
WHERE isNotNull(chain) AND isNotNull(block_number) AND isNotNull(block_time);
