-- Why the value of a portfolio changed by the end of a day, and in it; of the day alone line by line, too. What was stored
-- before does not say it, so all days are worked out again, the newest first.
TRUNCATE TABLE IF EXISTS closed_days;

ALTER TABLE closed_days
    ADD COLUMN IF NOT EXISTS attribution Tuple(          -- US dollars; NULLs where there is no total
        opening  Nullable(Decimal(76, 36)),
        closing  Nullable(Decimal(76, 36)),
        price    Nullable(Decimal(76, 36)),
        flows    Nullable(Decimal(76, 36)),
        moved    Nullable(Decimal(76, 36)),
        fx       Nullable(Decimal(76, 36)),
        rounding Nullable(Decimal(76, 36)),
        reason   LowCardinality(String),
        complete Bool,
        lines    UInt64,                                 -- that have effects
        unknown  Map(LowCardinality(String), UInt64)),   -- those that have none, by why
    ADD COLUMN IF NOT EXISTS effects Array(Tuple(        -- in the row of the day alone
        source   String,
        account  String,
        asset    String,
        side     LowCardinality(String),
        opening  Nullable(Decimal(76, 36)),
        closing  Nullable(Decimal(76, 36)),
        price    Nullable(Decimal(76, 36)),
        flows    Nullable(Decimal(76, 36)),
        moved    Nullable(Decimal(76, 36)),
        fx       Nullable(Decimal(76, 36)),
        rounding Nullable(Decimal(76, 36)),
        missing  UInt32,
        reason   LowCardinality(String)));

-- Why each portfolio's value changed, for every closed day: from the very beginning to its end and in the day alone.
CREATE OR REPLACE VIEW portfolio_attribution AS
SELECT
    tenant,
    portfolio,
    day,
    span,
    if(span = 'day', toNullable(toDateTime64(day, 3, 'UTC')), NULL) AS start,
    toDateTime64(day + 1, 3, 'UTC')          AS end,
    'iso4217:USD'                            AS currency,
    toBool(attribution.reason = '')          AS available,
    attribution.reason                       AS reason,
    attribution.opening                      AS opening,
    attribution.closing                      AS closing,
    attribution.price                        AS price,
    attribution.flows                        AS flows,
    attribution.moved                        AS moved,
    attribution.fx                           AS fx,
    attribution.rounding                     AS rounding,
    attribution.complete                     AS complete,
    attribution.lines                        AS lines_known,
    arraySum(mapValues(attribution.unknown)) AS lines_unknown,
    attribution.unknown                      AS unknown,
    lines_excluded,
    sources,
    sources_missing,
    oldest_input,
    newest_input,
    computed_at
FROM closed_days FINAL;

-- The same of each line that was held or moved on a closed day: an asset of a source, on one side.
CREATE OR REPLACE VIEW portfolio_attribution_lines AS
SELECT
    tenant,
    portfolio,
    day,
    one.source                    AS source,
    one.account                   AS account,
    one.asset                     AS asset,
    one.side                      AS side,
    toBool(one.reason = '')       AS available,
    one.reason                    AS reason,
    one.missing                   AS missing,
    one.opening                   AS opening,
    one.closing                   AS closing,
    one.price                     AS price,
    one.flows                     AS flows,
    one.moved                     AS moved,
    one.fx                        AS fx,
    one.rounding                  AS rounding,
    computed_at
FROM closed_days FINAL
ARRAY JOIN effects AS one
WHERE span = 'day';
