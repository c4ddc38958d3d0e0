-- The messages that brought some snapshots.
SELECT source, snapshot_id, groupArray((event_id, stream_seq)::Tuple(event_id String, stream_seq UInt64)) AS events
FROM
(
    SELECT source, snapshot_id, event_id, stream_seq
    FROM snapshot_events
    WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
    ORDER BY source, snapshot_id, part
)
GROUP BY source, snapshot_id
