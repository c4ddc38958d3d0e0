-- The first instant after another at which each source stated something, as known at a time.
SELECT source, min(observed_at) AS at
FROM snapshots
WHERE source IN {sources:Array(String)} AND observed_at > {after:DateTime64(3, 'UTC')}
    AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
GROUP BY source
