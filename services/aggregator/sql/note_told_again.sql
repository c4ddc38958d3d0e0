-- Notes of what is told again after something else was told at its place: A, then B, then A once more. The note of the
-- second A is told by when B came, so it is one note however often it is written, and nothing else moves it. Of places that somebody has told something of
-- since a time (1970: of all), because nothing else can have changed.
INSERT INTO late_inputs (kind, key, at, place, identity, again, first, last)
SELECT kind, key, at, place, stands, came, now64(3), now64(3)
FROM
(
    SELECT
        kind, key, at, place,
        -- Told last, and come last: the same, unless something older has been told again since.
        argMaxIf(identity, (told, identity), again = toDateTime64(0, 3, 'UTC')) AS stands,
        argMax(identity, (noted, again, identity)) AS newest,
        max(noted) AS came
    FROM
    (
        SELECT kind, key, at, place, identity, again, min(first) AS noted, max(last) AS told
        FROM late_inputs
        WHERE {since:DateTime64(3, 'UTC')} = toDateTime64(0, 3, 'UTC') OR (kind, key, at, place) IN
        (
            SELECT kind, key, at, place
            FROM late_inputs
            WHERE {since:DateTime64(3, 'UTC')} > toDateTime64(0, 3, 'UTC') AND last >= {since:DateTime64(3, 'UTC')}
        )
        GROUP BY kind, key, at, place, identity, again
    )
    GROUP BY kind, key, at, place
    HAVING count() > 1 AND stands != newest
)
