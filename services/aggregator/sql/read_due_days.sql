-- Closed days of portfolios whose returns are to be worked out, the newest first: those that never were, or whose
-- membership, rules or ranking of prices is another one now, or of which something has come since.
--
-- What came is looked at once it has been there for `margin_ms`, and a day that was worked out sooner than that after it
-- is due: not all of it may have been visible then. So each change costs one look, however many come in between.
-- What came before `since` is worked in (1970: nothing is known to be); so only notes that have been written since are
-- read, whole: one that was told again is as old as when it first came.
-- Midnight is the last instant of the day before, so that a portfolio may begin a day before its first hour.
WITH
portfolios AS
(
    SELECT r.tenant AS tenant, r.portfolio AS portfolio, r.revision AS revision, r.excluded AS excluded,
        greatest(points.first, {earliest:Date}) AS first
    FROM registry_portfolios AS r FINAL
    INNER JOIN (SELECT tenant, portfolio, toDate(min(bucket) - toIntervalSecond(1)) AS first FROM portfolio_totals GROUP BY tenant, portfolio) AS points
        ON points.tenant = r.tenant AND points.portfolio = r.portfolio
    WHERE NOT r.deleted AND points.first <= {newest:Date}
),
days AS
(
    SELECT tenant, portfolio, revision, excluded, arrayJoin(arrayMap(n -> first + n, range(toUInt32({newest:Date} - first) + 1))) AS day
    FROM portfolios
),
changes AS
(
    -- What came first of all that is noted counts, so telling it again is no change; what is not there for long enough
    -- does not hide what is. A day that is not kept any more changes those that are.
    SELECT kind, key, greatest(toDate(at - toIntervalMillisecond(1)), {earliest:Date}) AS day, max(noted) AS changed
    FROM
    (
        SELECT kind, key, at, min(first) AS noted
        FROM late_inputs
        WHERE {since:DateTime64(3, 'UTC')} = toDateTime64(0, 3, 'UTC') OR (kind, key, at, place, identity, again) IN
        (
            SELECT kind, key, at, place, identity, again
            FROM late_inputs
            WHERE {since:DateTime64(3, 'UTC')} > toDateTime64(0, 3, 'UTC') AND first >= {since:DateTime64(3, 'UTC')}
        )
        GROUP BY kind, key, at, place, identity, again
        HAVING noted <= now64(3) - toIntervalMillisecond({margin_ms:UInt32})
    )
    GROUP BY kind, key, day
),
-- A price of a currency may stand behind any line that is stated in it, and a feed of everything may lack any.
touched AS
(
    SELECT m.tenant AS tenant, m.portfolio AS portfolio, c.day AS day, c.changed AS changed
    FROM changes AS c
    INNER JOIN
    (
        SELECT DISTINCT tenant, portfolio, source
        FROM registry_portfolio_sources
        WHERE (tenant, portfolio, revision) IN (SELECT tenant, portfolio, revision FROM portfolios)
    ) AS m ON m.source = c.key
    WHERE c.kind = 'source'
    UNION ALL
    SELECT h.tenant, h.portfolio, c.day, c.changed
    FROM changes AS c
    INNER JOIN (SELECT DISTINCT tenant, portfolio, arrayJoin(assets) AS asset FROM closed_days) AS h ON h.asset = c.key
    WHERE c.kind IN ('asset', 'attempt')
    UNION ALL
    SELECT p.tenant, p.portfolio, c.day, c.changed
    FROM portfolios AS p
    CROSS JOIN changes AS c
    WHERE c.kind IN ('asset', 'attempt') AND (c.key = '*' OR startsWith(c.key, 'iso4217:'))
),
changed_by AS
(
    SELECT tenant, portfolio, day, max(newest) OVER (PARTITION BY tenant, portfolio ORDER BY day) AS changed
    FROM (SELECT tenant, portfolio, day, max(changed) AS newest FROM touched GROUP BY tenant, portfolio, day)
)
SELECT d.tenant AS tenant, d.portfolio AS portfolio, d.day AS day, d.revision AS revision, d.excluded AS excluded, now64(3) AS asked_at
FROM days AS d
LEFT JOIN (SELECT tenant, portfolio, day, revision, ranking, computed_at FROM closed_days FINAL WHERE span = 'all') AS stored
    ON stored.tenant = d.tenant AND stored.portfolio = d.portfolio AND stored.day = d.day
ASOF LEFT JOIN changed_by ON changed_by.tenant = d.tenant AND changed_by.portfolio = d.portfolio AND d.day >= changed_by.day
WHERE stored.portfolio = '' OR stored.revision < d.revision OR stored.ranking != {ranking:Array(String)}
    OR changed_by.changed >= stored.computed_at - toIntervalMillisecond({margin_ms:UInt32})
ORDER BY day DESC, tenant, portfolio
LIMIT {most:UInt32}
SETTINGS join_use_nulls = 0
