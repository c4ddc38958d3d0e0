-- The lines of the past are looked up by the key of their statements. Given as an array, as 0068 had it, the statements
-- were compared with every line that is stored: minutes where there are millions. A subquery is made a set first.
CREATE OR REPLACE VIEW positions_as_known AS
WITH
(
    SELECT groupArray((
        source, account, provider, scope, assumeNotNull(observed_at), assumeNotNull(snapshot_id),
        assumeNotNull(fetched_at), assumeNotNull(recorded_at), assumeNotNull(job_id), covered))
    FROM
    (
        SELECT *, groupArrayArray(arrayMap(asset -> (asset, source), covers)) OVER (PARTITION BY account) AS covered
        FROM statements_as_known(
            tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')},
            known_at = {known_at:DateTime64(3, 'UTC')})
        WHERE isNotNull(snapshot_id)
    )
) AS stated,
arrayMap(one -> (one.1, one.5, one.6), stated) AS snapshots_stated,
current AS
(
    SELECT
        arrayJoin(stated) AS one, one.1 AS source, one.2 AS account, one.3 AS provider, one.4 AS scope,
        one.7 AS fetched_at, one.8 AS recorded_at, one.9 AS job_id, one.10 AS covered
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
    WHERE (b.source, b.observed_at, b.snapshot_id) IN (SELECT arrayJoin(snapshots_stated))
),
known AS
(
    SELECT
        asset, at,
        argMax(tuple(price, prices.source, event_id, recorded_at),
            (-indexOf(arrayPushBack({ranking:Array(String)}, if(has({ranking:Array(String)}, prices.source), '', prices.source)), prices.source),
             fetched_at, event_id, price)) AS claim
    FROM prices
    WHERE quote = 'iso4217:USD' AND asset IN
          (SELECT toString(priced_by) FROM balances WHERE (source, observed_at, snapshot_id) IN (SELECT arrayJoin(snapshots_stated)))
      AND recorded_at <= {known_at:DateTime64(3, 'UTC')} AND at <= {at:DateTime64(3, 'UTC')}
      AND (asset, quote, at, prices.source, fetched_at) NOT IN
          (SELECT asset, quote, at, source, fetched_at FROM withdrawn_prices
           WHERE recorded_at <= {known_at:DateTime64(3, 'UTC')})
      AND at > arrayMin(snapshots_stated.2) - INTERVAL 7 DAY
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
        NOT p.needs_feed, toString(p.reason),
        NOT p.usable AND hasAny((SELECT groupArray(asset) FROM throttled), [p.priced_by, '*']), 'rate_limited',
        NOT p.quoted, 'no_price',
        NOT p.usable, 'stale',
        p.too_large, 'out_of_range',
        isNull(p.amount), 'value_only',
        '')                 AS reason_without_rules,
    if(excluded, 'excluded', reason_without_rules) AS reason,
    toBool(NOT receipt AND NOT excluded) AS counted,
    p.truncated             AS truncated,
    p.observed_at           AS observed_at,
    c.fetched_at            AS fetched_at,
    p.snapshot_id           AS snapshot_id,
    c.recorded_at           AS recorded_at,
    c.job_id                AS job_id,
    if(p.needs_feed AND p.usable, p.feed_event, NULL) AS price_event_id,
    if(p.needs_feed AND p.usable, p.feed_recorded_at, NULL) AS price_recorded_at,
    if(p.states_value AND p.needs_feed AND NOT p.usable, p.priced_by, '') AS rate_needed
FROM priced AS p
INNER JOIN current AS c ON c.source = p.source
SETTINGS join_use_nulls = 0, do_not_merge_across_partitions_select_final = 1;
