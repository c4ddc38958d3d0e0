-- From which block (not itself) to which the transfers of some sources are known without a gap, as known at a time: of
-- tokens and of the chain's coin apart.
SELECT source, of_coin, min(after_number) AS after, max(until_number) AS until
FROM
(
    SELECT
        source, of_coin, after_number, until_number,
        sum(after_number > reached)
            OVER (PARTITION BY source, of_coin ORDER BY after_number, until_number ROWS UNBOUNDED PRECEDING) AS stretch
    FROM
    (
        SELECT
            source, of_coin, after_number, until_number,
            max(until_number) OVER (
                PARTITION BY source, of_coin ORDER BY after_number, until_number
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS reached
        FROM transfer_ranges
        WHERE source IN {sources:Array(String)} AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
    )
)
GROUP BY source, of_coin, stretch
ORDER BY source, of_coin, after
