-- What a portfolio has returned by the end of a day, and in it: one row each, worked out by the aggregator once the day is
-- over (in UTC), with the engine that answers /v1, and again when something of it comes late. All of a row is of one
-- look at what is stored; the version is when that look began, by the engine's own clock, like `late_inputs.first`.
CREATE TABLE IF NOT EXISTS closed_days
(
    tenant          LowCardinality(String),
    portfolio       LowCardinality(String),
    day             Date,
    span            LowCardinality(String),    -- day: from midnight to midnight; all: from the very beginning
    computed_at     DateTime64(3, 'UTC'),
    revision        UInt64,                    -- of the portfolio's membership
    ranking         Array(LowCardinality(String)), -- price sources as they were ranked
    assets          Array(String),             -- that were ever held
    lines           UInt64,                    -- held at the end
    lines_unpriced  UInt64,
    lines_stale     UInt64,
    sources         UInt32,
    sources_missing UInt32,
    oldest_input    Nullable(DateTime64(3, 'UTC')),
    newest_input    Nullable(DateTime64(3, 'UTC')),
    reasons         Map(LowCardinality(String), UInt64),
    returns         Array(Tuple(               -- US dollars
                        method             LowCardinality(String),
                        reason             LowCardinality(String),
                        detail             String,
                        missing            UInt32,
                        covered            Nullable(Decimal(76, 36)),
                        gain               Nullable(Decimal(76, 36)),
                        opening            Nullable(Decimal(76, 36)),
                        closing            Nullable(Decimal(76, 36)),
                        invested           Nullable(Decimal(76, 36)),
                        realised           Nullable(Decimal(76, 36)),
                        unrealised         Nullable(Decimal(76, 36)),
                        unrealised_opening Nullable(Decimal(76, 36)),
                        cost               Nullable(Decimal(76, 36)),
                        rate               Nullable(Decimal(76, 36)),
                        annual             Nullable(Bool))),
    flows           Array(Tuple(               -- those of the day, in the row of the day alone
                        at                 DateTime64(3, 'UTC'),
                        source             String,
                        account            String,
                        asset              String,
                        side               LowCardinality(String),
                        delta              Decimal(76, 36),
                        held               Decimal(76, 36),
                        price              Nullable(Decimal(76, 36)),
                        value              Nullable(Decimal(76, 36)),
                        reason             LowCardinality(String),
                        transfer           String))
)
ENGINE = ReplacingMergeTree(computed_at)
PARTITION BY toYYYYMM(day)
ORDER BY (tenant, portfolio, day, span)
SETTINGS index_granularity = 64;

-- What every method says for every closed day, from the very beginning to its end and for the day alone.
CREATE OR REPLACE VIEW portfolio_returns AS
SELECT
    tenant,
    portfolio,
    day,
    span,
    if(span = 'day', toNullable(toDateTime64(day, 3, 'UTC')), NULL) AS start,
    toDateTime64(day + 1, 3, 'UTC')  AS end,
    'iso4217:USD'                    AS currency,
    one.method                       AS method,
    toBool(one.reason = '')          AS available,
    one.reason                       AS reason,
    one.detail                       AS detail,
    one.missing                      AS missing,
    one.covered                      AS covered,
    one.gain                         AS gain,
    one.opening                      AS opening,
    one.closing                      AS closing,
    one.invested                     AS invested,
    one.realised                     AS realised,
    one.unrealised                   AS unrealised,
    one.unrealised_opening           AS unrealised_opening,
    one.cost                         AS cost,
    one.rate                         AS rate,
    one.annual                       AS annual,
    lines - lines_unpriced           AS lines_priced,
    lines_unpriced,
    lines_stale,
    sources,
    sources_missing,
    oldest_input,
    newest_input,
    reasons,
    toBool(lines_unpriced = 0 AND sources_missing = 0 AND sources > 0) AS complete,
    computed_at
FROM closed_days FINAL
ARRAY JOIN returns AS one;

-- What came into (+) a portfolio's sources and went out of them (−), of every closed day.
CREATE OR REPLACE VIEW portfolio_flows AS
SELECT
    tenant,
    portfolio,
    day,
    one.at       AS at,
    one.source   AS source,
    one.account  AS account,
    one.asset    AS asset,
    one.side     AS side,
    one.delta    AS delta,
    one.held     AS held,
    one.price    AS price,
    one.value    AS value,
    one.reason   AS reason,
    one.transfer AS transfer,
    computed_at
FROM closed_days FINAL
ARRAY JOIN flows AS one
WHERE span = 'day';
