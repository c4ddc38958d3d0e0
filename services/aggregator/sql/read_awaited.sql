-- Of some sources those with transfers up to an instant, of tokens or of the coin, that are not known for what they are:
-- no statement follows, or not every block from then up to it is known. The coin is not waited for where it will not be
-- known any more: behind a gap, as a node without the state of some blocks leaves one, or nothing was said of it for a day.
SELECT DISTINCT k.source AS source
FROM transfer_coverage AS k
LEFT JOIN
(
    SELECT source, argMin(block_number, observed_at) AS number
    FROM snapshots
    WHERE source IN {sources:Array(String)} AND observed_at > {until:DateTime64(3, 'UTC')}
    GROUP BY source
) AS n ON n.source = k.source
WHERE k.source IN {sources:Array(String)}
GROUP BY k.source, k.assets
HAVING min(k.after_time) <= {until:DateTime64(3, 'UTC')}
    AND ifNull(max(k.after_time <= {until:DateTime64(3, 'UTC')} AND n.number > k.after_number AND n.number <= k.until_number), 0) = 0
    AND
    (
        k.assets = 'tokens'
        OR max(k.after_time) <= {until:DateTime64(3, 'UTC')} AND max(k.until_time) > {until:DateTime64(3, 'UTC')} - INTERVAL 1 DAY
    )
ORDER BY source
