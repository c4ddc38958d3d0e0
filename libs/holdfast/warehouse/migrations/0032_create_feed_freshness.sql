-- Of each feed of market data how its last fetch ended, when one last succeeded, and from when on its history is complete.
-- What is fetched of accounts is in source_freshness.
CREATE OR REPLACE VIEW feed_freshness AS
SELECT
    f.tenant              AS tenant,
    f.provider            AS provider,
    f.feed                AS feed,
    f.target              AS target,
    f.scope               AS scope,
    f.last.outcome        AS last_outcome,
    f.last.finished_at    AS last_fetch_at,
    f.last.error          AS last_error,
    f.last.message        AS last_message,
    if(f.succeeded = 0, NULL, f.succeeded_at)               AS last_success_at,
    if(h.source = '', NULL, h.history_complete_from)        AS history_complete_from
FROM
(
    SELECT
        tenant, provider, feed, target, scope,
        argMax(
            CAST((outcome, finished_at, error, message),
                 'Tuple(outcome String, finished_at DateTime64(3, ''UTC''), error String, message String)'),
            (started_at, event_id)
        )                                            AS last,
        countIf(outcome = 'finished')                AS succeeded,
        maxIf(finished_at, outcome = 'finished')     AS succeeded_at
    FROM fetches
    WHERE started_at > now() - INTERVAL 35 DAY AND isNull(window_start) AND feed != 'balances'
    GROUP BY tenant, provider, feed, target, scope
) AS f
LEFT JOIN history_coverage AS h
    ON h.source = concat(f.tenant, '/', f.provider, '/', f.target, '/', f.scope) AND h.feed = f.feed
SETTINGS join_use_nulls = 0;
