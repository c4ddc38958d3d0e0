-- From which instant on each source's history is complete: the start of the pieces that follow each other without a
-- gap from the newest on. Two pieces follow each other if no instant of the older one's grid lies between them; before
-- the present, which began a moment after the newest piece was planned, one may.
CREATE OR REPLACE VIEW history_coverage AS
WITH toDateTime64('2200-01-01 00:00:00', 3, 'UTC') AS never
SELECT
    tenant,
    source,
    feed,
    min(piece.1)                                 AS history_complete_from,
    countIf(every_s > 0)                         AS windows
FROM
(
    SELECT
        tenant, source, feed, every_s, piece,
        sum(follows_a_gap) OVER (PARTITION BY tenant, source, feed ORDER BY piece.2 DESC, piece.1 DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS gaps
    FROM
    (
        SELECT
            tenant, source, feed, every_s, piece,
            count() OVER newer > 0
                AND piece.2 + toIntervalSecond(every_s) < min(if(every_s > 0, piece.1, never)) OVER newer
                AND piece.2 + toIntervalSecond(multiply(2, every_s)) < min(if(every_s > 0, never, piece.1)) OVER newer AS follows_a_gap
        FROM
        (
            SELECT tenant, source, feed, every_s, (min(window_start), window_end) AS piece
            FROM history_windows
            GROUP BY tenant, source, feed, window_end, every_s
        )
        WINDOW newer AS (PARTITION BY tenant, source, feed ORDER BY piece.2 DESC, piece.1 DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    )
)
WHERE gaps = 0
GROUP BY tenant, source, feed;
