-- A range of blocks that is told of late, or told otherwise, changes every day from its first block on.
CREATE MATERIALIZED VIEW IF NOT EXISTS late_inputs_from_transfer_ranges TO late_inputs AS
SELECT
    'source' AS kind, source AS key, after_time AS at, toString(until_number) AS place,
    hex(sipHash128(after_hash, until_hash, toString(transfers))) AS identity, now64(3) AS first, now64(3) AS last
FROM transfer_ranges
WHERE after_time <= toStartOfDay(now('UTC'));
