-- Which prices of some events were taken back in between, and by which event, the last that did: by asset, or empty for
-- a currency, which may stand behind any line.
SELECT claim, of_asset AS asset, newest.1 AS id, newest.2 AS recorded_at, newest.3 AS job_id
FROM
(
    SELECT
        p.event_id AS claim, if(startsWith(p.asset, 'iso4217:'), '', p.asset) AS of_asset,
        argMax((w.event_id, w.recorded_at, w.job_id), (w.recorded_at, w.event_id)) AS newest
    FROM prices AS p
    INNER JOIN
    (
        SELECT asset, quote, at, source, until, event_id, recorded_at, job_id
        FROM price_withdrawals
        WHERE recorded_at > {known_from:DateTime64(3, 'UTC')} AND recorded_at <= {known_to:DateTime64(3, 'UTC')}
    ) AS w ON w.asset = p.asset AND w.quote = p.quote AND w.at = p.at AND w.source = p.source
    WHERE p.event_id IN {claims:Array(String)} AND p.fetched_at <= w.until
        AND (p.asset, p.quote, p.at, p.source) IN
            (SELECT asset, quote, at, source FROM price_withdrawals
             WHERE recorded_at > {known_from:DateTime64(3, 'UTC')} AND recorded_at <= {known_to:DateTime64(3, 'UTC')})
    GROUP BY claim, of_asset
)
