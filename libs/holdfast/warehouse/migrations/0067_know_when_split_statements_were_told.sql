-- When a statement that came in parts was told last, as known at a time, its parts say: the copies of the whole have the
-- newest fetch beside the first time that all parts were there. So of A, B and A again, each of the same instant, B was
-- never known to be current where A is too large for one message.

-- Each member's statement; NULLs where it had stated nothing.
CREATE OR REPLACE VIEW statements_as_known AS
WITH members AS
(
    SELECT DISTINCT source, account, provider, scope, revision
    FROM registry_portfolio_sources
    WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
      AND valid_from <= {at:DateTime64(3, 'UTC')} AND {at:DateTime64(3, 'UTC')} < valid_to
      AND revision =
      (
          SELECT max(revision)
          FROM registry_portfolio_revisions
          WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
            AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
      )
)
SELECT
    m.source                                 AS source,
    m.account                                AS account,
    toString(m.provider)                     AS provider,
    toString(m.scope)                        AS scope,
    m.revision                               AS revision,
    nullIf(s.snapshot_id, '')                AS snapshot_id,
    if(s.source = '', NULL, s.observed_at)   AS observed_at,
    if(s.source = '', NULL, s.fetched)       AS fetched_at,
    if(s.source = '', NULL, s.recorded)      AS recorded_at,
    if(s.source = '', NULL, s.line_count)    AS lines,
    s.covering                               AS covers,
    nullIf(s.job, '')                        AS job_id
FROM members AS m
LEFT JOIN
(
    SELECT
        source, observed_at, snapshot_id, recorded, line_count, covering, job,
        if(in_parts.told > toDateTime64(0, 3, 'UTC'), in_parts.told, whole.told) AS fetched
    FROM
    (
        SELECT
            source, observed_at, snapshot_id,
            any(covers) AS covering, any(lines) AS line_count, max(job_id) AS job, min(recorded_at) AS recorded,
            arrayMax(arrayMap(copy -> copy.1,
                arrayFilter(copy -> copy.2 <= {known_at:DateTime64(3, 'UTC')}, groupUniqArrayArray(copies)))) AS told
        FROM snapshots
        WHERE source IN (SELECT source FROM members) AND observed_at <= {at:DateTime64(3, 'UTC')}
          AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
        GROUP BY source, observed_at, snapshot_id
    ) AS whole
    LEFT JOIN
    (
        SELECT source, observed_at, snapshot_id, max(fetched_at) AS told
        FROM snapshot_parts
        WHERE source IN (SELECT source FROM members) AND observed_at <= {at:DateTime64(3, 'UTC')}
          AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
        GROUP BY source, observed_at, snapshot_id
    ) AS in_parts USING (source, observed_at, snapshot_id)
    ORDER BY observed_at DESC, fetched DESC, snapshot_id DESC
    LIMIT 1 BY source
) AS s ON s.source = m.source
SETTINGS join_use_nulls = 0;
