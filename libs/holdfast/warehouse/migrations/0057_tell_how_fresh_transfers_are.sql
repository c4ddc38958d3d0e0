-- As 0015 has it, and a feed of transfers is as fresh as the last block whose logs it knows: its source is that of the
-- balances, whose snapshots say nothing of it. `lines` are of snapshots alone.
CREATE OR REPLACE VIEW source_freshness AS
SELECT
    r.tenant                                       AS tenant,
    r.source                                       AS source,
    r.account                                      AS account,
    r.setting.provider                             AS provider,
    r.setting.feed                                 AS feed,
    r.setting.scope                                AS scope,
    r.setting.every_s                              AS every_s,
    r.setting.counted                              AS counted,
    r.setting.paused                               AS paused,
    if(s.source = '', NULL, s.observed_at)         AS observed_at,
    if(s.source = '', NULL, s.fetched_at)          AS fetched_at,
    if(s.source = '', NULL, s.lines)               AS lines,
    if(s.source = '', NULL, greatest(0, dateDiff('second', s.observed_at, now64(3)))) AS age_s,
    if(s.source = '', NULL, toBool(dateDiff('second', s.observed_at, now64(3)) > multiply(3, r.setting.every_s))) AS stale,
    toBool(f.source != '' AND f.last.outcome != 'finished') AS failing,
    if(f.source = '', NULL, f.last.outcome)        AS last_outcome,
    if(f.source = '', NULL, f.last.finished_at)    AS last_fetch_at,
    f.last.error                                   AS last_error,
    f.last.message                                 AS last_message
FROM
(
    SELECT
        tenant,
        account,
        arrayJoin(sources) AS setting,
        concat(tenant, '/', setting.provider, '/', account, '/', setting.scope) AS source
    FROM registry_accounts FINAL
    WHERE NOT deleted
) AS r
LEFT JOIN
(
    SELECT source, 'transfers' AS feed, max(until_time) AS observed_at, max(fetched_at) AS fetched_at, NULL AS lines
    FROM transfer_ranges
    GROUP BY source
    UNION ALL
    SELECT source, 'balances' AS feed, observed_at, fetched_at, lines
    FROM latest_snapshots FINAL
) AS s ON s.source = r.source AND s.feed = r.setting.feed
LEFT JOIN
(
    SELECT
        concat(tenant, '/', provider, '/', target, '/', scope) AS source,
        feed,
        argMax(
            CAST((outcome, finished_at, error, message),
                 'Tuple(outcome String, finished_at DateTime64(3, ''UTC''), error String, message String)'),
            (started_at, event_id)
        ) AS last
    FROM fetches
    WHERE started_at > now() - INTERVAL 35 DAY
    GROUP BY tenant, provider, target, scope, feed
) AS f ON f.source = r.source AND f.feed = r.setting.feed;

