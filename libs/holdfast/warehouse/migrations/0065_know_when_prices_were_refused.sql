-- What was asked of the price feeds and how it ended, for ever (`fetches` forgets): which prices were refused for asking
-- too often, and since when that was known. Of several copies of a message the earliest counts.
ALTER TABLE fetches ADD COLUMN IF NOT EXISTS recorded_at DateTime64(3, 'UTC') DEFAULT finished_at;

CREATE TABLE IF NOT EXISTS price_attempts
(
    provider    LowCardinality(String),
    target      String,                        -- assets, with commas between them; * is everything
    scope       LowCardinality(String),
    finished_at DateTime64(3, 'UTC'),
    event_id    String,
    refused     SimpleAggregateFunction(any, Bool),
    recorded_at SimpleAggregateFunction(min, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(finished_at)
ORDER BY (provider, target, scope, finished_at, event_id)
SETTINGS index_granularity = 1024;

CREATE MATERIALIZED VIEW IF NOT EXISTS price_attempts_from_fetches TO price_attempts AS
SELECT provider, target, scope, finished_at, event_id, error = 'RateLimited' AS refused, recorded_at
FROM fetches
WHERE feed = 'prices' AND isNull(window_start);

INSERT INTO price_attempts
SELECT provider, target, scope, finished_at, event_id, error = 'RateLimited', recorded_at
FROM fetches
WHERE feed = 'prices' AND isNull(window_start);

-- When which price feed was refused for asking too often, and for which assets, of what touches a span of time and had
-- been recorded by a time: a line without a price then is `rate_limited`, not `no_price`. A spell lasts from the refusal
-- until the feed's next attempt that was known, a day at most: a price serves no longer, and a feed that does not try
-- again is not late. A feed of everything that never quoted anything may have lacked any asset: '*'.
CREATE OR REPLACE VIEW throttled_prices_as_known AS
WITH spells AS
(
    SELECT provider, target, since, least(next, since + INTERVAL 1 DAY) AS until
    FROM
    (
        SELECT
            provider, target, refused, finished_at AS since,
            leadInFrame(finished_at, 1, toDateTime64('2200-01-01 00:00:00', 3, 'UTC')) OVER
                (PARTITION BY provider, target, scope ORDER BY finished_at, event_id
                 ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next
        FROM (SELECT DISTINCT provider, target, scope, finished_at, event_id, refused FROM price_attempts
              WHERE recorded_at <= {known_at:DateTime64(3, 'UTC')}
                AND finished_at > {since:DateTime64(3, 'UTC')} - INTERVAL 1 DAY
                AND finished_at <= {until:DateTime64(3, 'UTC')} + INTERVAL 1 DAY)
    )
    WHERE refused AND since < next AND since <= {until:DateTime64(3, 'UTC')} AND {since:DateTime64(3, 'UTC')} < until
)
SELECT
    s.provider AS provider,
    arrayJoin(multiIf(s.target != '*', arrayMap(asset -> trim(asset), splitByChar(',', s.target)),
                      empty(q.assets), ['*'], q.assets)) AS asset,
    s.since AS since, s.until AS until
FROM spells AS s
LEFT JOIN
(
    SELECT toString(source) AS feed, groupUniqArray(toString(asset)) AS assets
    FROM prices
    WHERE recorded_at <= {known_at:DateTime64(3, 'UTC')} AND source IN
        (SELECT provider FROM price_attempts
         WHERE refused AND target = '*' AND finished_at > {since:DateTime64(3, 'UTC')} - INTERVAL 1 DAY
           AND finished_at <= {until:DateTime64(3, 'UTC')})
    GROUP BY feed
) AS q ON q.feed = s.provider
SETTINGS join_use_nulls = 0;

-- The same of all times, with all that is known now.
CREATE OR REPLACE VIEW throttled_prices AS
SELECT provider, asset, since, until
FROM throttled_prices_as_known(
    since = '1970-01-01 00:00:00.000', until = '2200-01-01 00:00:00.000', known_at = '2200-01-01 00:00:00.000');

-- The value at T as it was known at K, with the refusals that were known at K: `rate_limited` is a fact that was learned
-- like any other. `ranking`: price feeds, the most trusted first, as in the setting `prices.sources`.
CREATE OR REPLACE VIEW positions_as_known AS
WITH
current AS
(
    SELECT
        *,
        groupArrayArray(arrayMap(asset -> (asset, source), covers)) OVER (PARTITION BY account) AS covered
    FROM statements_as_known(
        tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')},
        known_at = {known_at:DateTime64(3, 'UTC')})
    WHERE isNotNull(snapshot_id)
),
raw AS
(
    SELECT
        b.source AS source, b.observed_at AS observed_at, b.snapshot_id AS snapshot_id, b.line AS line,
        b.asset AS asset, b.symbol AS symbol, b.asset_type AS asset_type, b.asset_class AS asset_class,
        b.chain AS chain, b.platform AS platform, b.position AS position, b.kind AS kind, b.side AS side,
        b.amount AS amount, b.currency AS currency, b.stated_price AS stated_price, b.stated_value AS stated_value,
        toString(b.priced_by) AS priced_by, b.price_usd AS price_usd, b.value_usd AS value_usd,
        b.price_source AS price_source, b.price_at AS price_at, b.reason AS reason, b.truncated AS truncated
    FROM balances AS b FINAL
    WHERE (b.source, b.observed_at, b.snapshot_id) IN
        (SELECT source, assumeNotNull(observed_at), assumeNotNull(snapshot_id) FROM current)
),
known AS
(
    SELECT
        asset, at,
        argMax(tuple(price, prices.source, event_id, recorded_at),
            (-indexOf(arrayPushBack({ranking:Array(String)}, if(has({ranking:Array(String)}, prices.source), '', prices.source)), prices.source),
             fetched_at, event_id, price)) AS claim
    FROM prices
    WHERE quote = 'iso4217:USD' AND asset IN (SELECT priced_by FROM raw WHERE priced_by != '')
      AND recorded_at <= {known_at:DateTime64(3, 'UTC')} AND at <= {at:DateTime64(3, 'UTC')}
      AND at > (SELECT min(observed_at) FROM raw) - INTERVAL 7 DAY
    GROUP BY asset, at
),
ruled_out AS
(
    -- What is said of the portfolio itself outweighs what is said of all.
    SELECT asset
    FROM
    (
        SELECT rule.asset AS asset, argMax(rule.action, rule.portfolio != '') AS verdict
        FROM registry_rule_sets FINAL
        ARRAY JOIN rules AS rule
        WHERE tenant = {tenant:String} AND rule.portfolio IN ('', {portfolio:String})
          AND number =
          (
              SELECT max(number)
              FROM registry_rule_sets
              WHERE tenant = {tenant:String} AND created_at <= {known_at:DateTime64(3, 'UTC')}
          )
        GROUP BY asset
    )
    WHERE verdict = 'exclude'
),
throttled AS
(
    SELECT DISTINCT asset
    FROM throttled_prices_as_known(
        since = {at:DateTime64(3, 'UTC')}, until = {at:DateTime64(3, 'UTC')}, known_at = {known_at:DateTime64(3, 'UTC')})
),
priced AS
(
    SELECT
        raw.*,
        priced_by != '' AS needs_feed,
        isNotNull(stated_value) OR (isNotNull(stated_price) AND isNotNull(amount)) AS states_value,
        needs_feed AND k.asset != '' AND k.at > raw.observed_at - INTERVAL 7 DAY AS quoted,
        quoted AND raw.observed_at - INTERVAL if(states_value OR startsWith(priced_by, 'iso4217:'), 120, 24) HOUR <= k.at AS usable,
        k.claim.1 AS feed_price, toString(k.claim.2) AS feed_source, k.at AS feed_at,
        k.claim.3 AS feed_event, k.claim.4 AS feed_recorded_at,
        -- A stated price in another currency is brought to dollars before it is multiplied, as when a line comes in.
        multiply(toFloat64(ifNull(stated_price, 0)), toFloat64(feed_price)) >= 1e40 AS unit_too_large,
        multiplyDecimal(if(usable AND NOT unit_too_large, ifNull(stated_price, 0), 0), if(usable, feed_price, 0), 36) AS unit,
        if(states_value, if(isNotNull(stated_value), assumeNotNull(stated_value), ifNull(amount, 0)), ifNull(amount, 0)) AS factor,
        if(states_value AND isNull(stated_value), unit, feed_price) AS multiplier,
        (states_value AND isNotNull(stated_price) AND unit_too_large)
            OR multiply(toFloat64(factor), toFloat64(multiplier)) >= 1e40 AS too_large,
        multiplyDecimal(if(usable AND NOT too_large, factor, 0), if(usable AND NOT too_large, multiplier, 0), 36) AS worth
    FROM raw
    ASOF LEFT JOIN known AS k ON raw.priced_by = k.asset AND raw.observed_at >= k.at
)
SELECT
    p.source                AS source,
    p.line                  AS line,
    c.account               AS account,
    c.provider              AS provider,
    c.scope                 AS scope,
    p.asset                 AS asset,
    p.symbol                AS symbol,
    p.asset_type            AS asset_type,
    p.asset_class           AS asset_class,
    p.chain                 AS chain,
    p.platform              AS platform,
    p.position              AS position,
    p.kind                  AS kind,
    p.side                  AS side,
    p.amount                AS amount,
    multiIf(NOT p.needs_feed, p.price_usd, NOT p.usable OR p.too_large, NULL,
            p.states_value, if(isNull(p.stated_price), NULL, p.unit), p.feed_price) AS price_usd,
    multiIf(NOT p.needs_feed, p.value_usd, NOT p.usable OR p.too_large, NULL, p.worth) AS value_usd,
    multiIf(NOT p.needs_feed, toString(p.price_source), NOT p.usable OR p.too_large, '', p.feed_source) AS price_source,
    multiIf(NOT p.needs_feed, p.price_at, NOT p.usable OR p.too_large, NULL, p.feed_at) AS price_at,
    p.kind = 'wallet' AND arrayExists(pair -> pair.1 = p.asset AND pair.2 != p.source, c.covered) AS receipt,
    NOT receipt AND ifNull(toString(p.asset), '') IN (SELECT * FROM ruled_out) AS excluded,
    multiIf(
        receipt, 'receipt_token',
        excluded, 'excluded',
        NOT p.needs_feed, toString(p.reason),
        NOT p.usable AND hasAny((SELECT groupArray(asset) FROM throttled), [p.priced_by, '*']), 'rate_limited',
        NOT p.quoted, 'no_price',
        NOT p.usable, 'stale',
        p.too_large, 'out_of_range',
        isNull(p.amount), 'value_only',
        '')                 AS reason,
    toBool(NOT receipt AND NOT excluded) AS counted,
    p.truncated             AS truncated,
    p.observed_at           AS observed_at,
    assumeNotNull(c.fetched_at) AS fetched_at,
    p.snapshot_id           AS snapshot_id,
    assumeNotNull(c.recorded_at) AS recorded_at,
    assumeNotNull(c.job_id) AS job_id,
    if(p.needs_feed AND p.usable, p.feed_event, NULL) AS price_event_id,
    if(p.needs_feed AND p.usable, p.feed_recorded_at, NULL) AS price_recorded_at,
    if(p.states_value AND p.needs_feed AND NOT p.usable, p.priced_by, '') AS rate_needed
FROM priced AS p
INNER JOIN current AS c ON c.source = p.source
SETTINGS join_use_nulls = 0, do_not_merge_across_partitions_select_final = 1;

-- Every current line of every portfolio: from the latest snapshot of each counted source, reached through
-- latest_snapshots, so that a half-written snapshot is never seen. A wallet line of a token that another
-- source of the account lists positions for is marked `receipt_token`: it is shown, and counts nowhere. A line without a
-- price whose feed is refused for asking too often is `rate_limited`; one of an asset that the tenant's rules leave out
-- is `excluded`, and counts nowhere.
CREATE OR REPLACE VIEW latest_positions AS
WITH
    current AS
    (
        SELECT
            m.tenant      AS tenant,
            m.portfolio   AS portfolio,
            m.account     AS account,
            m.provider    AS provider,
            m.scope       AS scope,
            s.source      AS source,
            s.observed_at AS observed_at,
            s.fetched_at  AS fetched_at,
            s.snapshot_id AS snapshot_id,
            groupArrayArray(arrayMap(asset -> (asset, s.source), s.covers))
                OVER (PARTITION BY m.tenant, m.portfolio, m.account) AS covered
        FROM portfolio_sources AS m
        INNER JOIN latest_snapshots AS s FINAL ON s.source = m.source
    ),
    ruled_out AS (SELECT toString(tenant), toString(portfolio), arrayJoin(excluded) FROM registry_portfolios FINAL),
    throttled AS (SELECT DISTINCT asset FROM throttled_prices_as_known(since = now64(3), until = now64(3), known_at = now64(3))),
    judged AS
    (
        SELECT
            c.tenant      AS tenant,
            c.portfolio   AS portfolio,
            c.account     AS account,
            c.provider    AS provider,
            c.scope       AS scope,
            c.fetched_at  AS fetched_at,
            b.*,
            multiIf(
                b.kind = 'wallet' AND arrayExists(pair -> pair.1 = b.asset AND pair.2 != b.source, c.covered),
                'receipt_token',
                b.reason IN ('no_price', 'stale') AND b.priced_by != '' AND hasAny((SELECT groupArray(asset) FROM throttled), [toString(b.priced_by), '*']),
                'rate_limited',
                b.reason
            ) AS why,
            why != 'receipt_token' AND (c.tenant, c.portfolio, ifNull(toString(b.asset), '')) IN (SELECT * FROM ruled_out) AS excluded,
            if(excluded, 'excluded', why) AS verdict
        FROM balances AS b FINAL
        INNER JOIN current AS c ON c.source = b.source
        WHERE (b.source, b.observed_at, b.snapshot_id) IN (SELECT source, observed_at, snapshot_id FROM latest_snapshots FINAL)
    )
SELECT
    tenant,
    portfolio,
    source,
    line,
    account,
    provider,
    scope,
    asset,
    symbol,
    asset_type,
    asset_class,
    chain,
    platform,
    position,
    kind,
    side,
    amount,
    price_usd,
    value_usd,
    price_source,
    price_at,
    verdict AS reason,
    toBool(verdict != 'receipt_token' AND NOT excluded) AS counted,
    truncated,
    observed_at,
    fetched_at,
    snapshot_id
FROM judged;

-- What the lines of a point that have no value wait for: `<reason> <asset>`, and how many there are. Whether a feed of that
-- asset is refused for asking too often is another question, with another answer in a minute: it is asked of the instant
-- that the point is the value of. A point that was stored before says it once it is worked out anew.
ALTER TABLE portfolio_totals ADD COLUMN IF NOT EXISTS waits Map(String, UInt64);
ALTER TABLE rebuilt_totals ADD COLUMN IF NOT EXISTS waits Map(String, UInt64);

-- The stored hourly points of each portfolio. A later row of the same hour has seen more and replaces it,
-- whether the engine has merged the two yet or not. Hours in which nothing changed have no row: a reader
-- carries the previous one forward (docs/sql.md shows how). Lines whose feed was refused at the end of the hour, or is
-- now, if that is sooner, are `rate_limited`.
CREATE OR REPLACE VIEW value_series AS
WITH
throttled AS
(
    SELECT asset, since, until
    FROM throttled_prices
    WHERE asset = '*' OR asset IN
        (SELECT substring(wait, position(wait, ' ') + 1) FROM portfolio_totals ARRAY JOIN mapKeys(waits) AS wait)
),
points AS
(
    SELECT
        *,
        least(toDateTime64(bucket + INTERVAL 1 HOUR, 3, 'UTC') - INTERVAL 1 MILLISECOND, now64(3)) AS asked_at,
        arrayFilter(
            wait -> arrayExists(
                spell -> spell.1 IN ('*', substring(wait, position(wait, ' ') + 1))
                    AND spell.2 <= asked_at AND asked_at < spell.3,
                (SELECT groupUniqArray((asset, since, until)) FROM throttled)),
            mapKeys(waits)) AS late,
        CAST(mapFilter((why, lines) -> lines > 0, mapApply(
            (why, lines) -> (why, toUInt64(lines + arraySum(arrayMap(
                wait -> multiIf(why = 'rate_limited', toInt64(waits[wait]),
                                startsWith(wait, concat(why, ' ')), -toInt64(waits[wait]), 0),
                late)))),
            mapUpdate(map('rate_limited', toUInt64(0)), CAST(reasons, 'Map(String, UInt64)')))),
            'Map(LowCardinality(String), UInt64)') AS told
    FROM portfolio_totals FINAL
    WHERE bucket <= now() OR sources_observed > 0
)
SELECT
    tenant,
    portfolio,
    bucket,
    bucket + INTERVAL 1 HOUR AS valued_at,
    assets,
    debt,
    net,
    lines,
    lines_unpriced,
    lines_excluded,
    lines_truncated,
    sources,
    sources_observed,
    sources_missing,
    told AS reasons,
    multiIf(sources_missing > 0, 'missing', sources_observed < sources, 'carried', 'observed') AS fill,
    toBool(sources_missing = 0) AS complete,
    as_of,
    oldest_input
FROM points;

-- What each portfolio is worth now: its newest point, with the quality of what went into it.
CREATE OR REPLACE VIEW portfolio_value AS
WITH
throttled AS
(
    SELECT asset, since, until
    FROM throttled_prices_as_known(since = now64(3), until = now64(3), known_at = now64(3))
),
points AS
(
    SELECT
        *,
        now64(3) AS asked_at,
        arrayFilter(
            wait -> arrayExists(
                spell -> spell.1 IN ('*', substring(wait, position(wait, ' ') + 1))
                    AND spell.2 <= asked_at AND asked_at < spell.3,
                (SELECT groupUniqArray((asset, since, until)) FROM throttled)),
            mapKeys(waits)) AS late,
        CAST(mapFilter((why, lines) -> lines > 0, mapApply(
            (why, lines) -> (why, toUInt64(lines + arraySum(arrayMap(
                wait -> multiIf(why = 'rate_limited', toInt64(waits[wait]),
                                startsWith(wait, concat(why, ' ')), -toInt64(waits[wait]), 0),
                late)))),
            mapUpdate(map('rate_limited', toUInt64(0)), CAST(reasons, 'Map(String, UInt64)')))),
            'Map(LowCardinality(String), UInt64)') AS told
    FROM portfolio_totals FINAL
    WHERE bucket <= now() OR sources_observed > 0
)
SELECT
    tenant,
    portfolio,
    bucket,
    assets,
    debt,
    net,
    lines,
    lines_unpriced,
    lines_excluded,
    lines_truncated,
    sources,
    sources_observed,
    sources_missing,
    told AS reasons,
    as_of,
    oldest_input,
    computed_at
FROM points
ORDER BY bucket DESC
LIMIT 1 BY tenant, portfolio;
