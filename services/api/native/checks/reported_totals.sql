-- What providers say their totals are: those of the last statement, or all of a span of time, in pages. Of several
-- claims for one instant the one fetched last counts, of those that were recorded by then.
SELECT source, account, provider, scope, platform, observed_at, currency, total, nullIf(reason, '') AS reason, fetched_at
FROM
(
    SELECT
        source, account, provider, scope, platform, observed_at,
        latest.1 AS currency, latest.2 AS total, latest.3 AS reason, latest.4 AS fetched_at,
        max(observed_at) OVER (PARTITION BY source) AS newest
    FROM
    (
        SELECT
            source, account, provider, scope, platform, observed_at,
            argMax((toString(currency), total, toString(reason), fetched_at), (fetched_at, event_id)) AS latest
        FROM reported_totals
        WHERE tenant = {tenant:String}
          AND ({everything:Bool} OR arrayExists(
              member -> member.1 = account AND member.2 <= observed_at AND observed_at < member.3,
              {members:Array(Tuple(String, DateTime64(3, 'UTC'), DateTime64(3, 'UTC')))}))
          AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
          AND observed_at BETWEEN {start:DateTime64(3, 'UTC')} AND {end:DateTime64(3, 'UTC')}
        GROUP BY source, account, provider, scope, platform, observed_at
    )
)
WHERE ({history:Bool} OR observed_at = newest)
  AND (source, observed_at, platform)
      > ({after_source:String}, {after_at:DateTime64(3, 'UTC')}, {after_platform:String})
ORDER BY source, observed_at, platform
LIMIT {limit:UInt32}
