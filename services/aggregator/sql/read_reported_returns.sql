-- What providers said the assets of some sources have returned, in a span of time: of several statements for one instant
-- the one fetched last.
SELECT source, observed_at AS at, said.1, said.2, said.3, said.4, said.5
FROM
(
    SELECT
        source, observed_at,
        argMax(
            (fetched_at, event_id, toString(quote), total_return, arrayMap(i -> (i.asset, i.total_return), items)),
            (fetched_at, event_id)
        ) AS said
    FROM reported_returns
    WHERE source IN (SELECT arrayJoin(JSONExtract({sources:String}, 'Array(String)')))
        AND observed_at >= {since:DateTime64(3, 'UTC')} AND observed_at <= {until:DateTime64(3, 'UTC')}
    GROUP BY source, observed_at
)
ORDER BY source, observed_at
SETTINGS output_format_json_quote_decimals = 1
