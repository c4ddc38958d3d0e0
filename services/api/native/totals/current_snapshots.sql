-- Which snapshots of these sources are current, without reading a line of them.
SELECT source, account, scope, toString(observed_at) AS observed_at, snapshot_id, lines, covers
FROM latest_snapshots FINAL
WHERE source IN {sources:Array(String)}
ORDER BY source
