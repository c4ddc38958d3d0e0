-- Whether a provider says of a total of these sources, in this time, that it lacked a rate. What it has taken back since
-- does not count.
SELECT count() > 0 AS doubtful
FROM
(
    SELECT argMax(reason, (fetched_at, event_id)) AS said
    FROM reported_totals
    WHERE source IN {sources:Array(String)}
      AND observed_at BETWEEN {start:DateTime64(3, 'UTC')} AND {end:DateTime64(3, 'UTC')}
    GROUP BY source, observed_at, platform
)
WHERE said = 'unreliable_conversion'
