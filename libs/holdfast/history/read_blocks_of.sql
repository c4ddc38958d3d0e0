-- The blocks that certain snapshots were read at, of those that were read at one.
SELECT source, observed_at, snapshot_id, assumeNotNull(any(block_number)) AS number
FROM snapshots
WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
    AND isNotNull(block_number)
GROUP BY source, observed_at, snapshot_id
