-- What each line of some sources in some months is worth, worked out anew from what was stated and from all prices:
-- domain/valuation.py in SQL. Only lines that are stored otherwise are kept.
--
-- As stated by the provider in dollars; else the newest price at or before the observation, of several claims for
-- that instant the best ranked source's, then the one fetched last; older than a day (a currency: five) it is stale.
-- Dollars that are held are worth their amount.
INSERT INTO rebuilt_lines
    (run, unit, look, source, observed_at, snapshot_id, line, price_usd, value_usd, price_source, price_at, reason,
     version, live_value, live_version, live_digest, seen)
WITH
    toInt256('1000000000000000000000000000000000000') AS one,
    -- a × b cut to 36 decimals, exact, in units of 10⁻³⁶: whole and broken parts apart, because the full product has 152
    -- digits. Each partial product is below the result, so nothing wraps where that is below 1e40 (`too_great` sees to it).
    -- multiplyDecimal says the same at forty times the cost.
    (a, b) -> reinterpret(
        multiply(
            toInt256(multiply(sign(a), sign(b))),
            multiply(multiply(intDiv(abs(a), one), intDiv(abs(b), one)), one)
                + multiply(intDiv(abs(a), one), modulo(abs(b), one))
                + multiply(modulo(abs(a), one), intDiv(abs(b), one))
                + intDiv(multiply(modulo(abs(a), one), modulo(abs(b), one)), one)),
        'Decimal(76, 36)') AS times,
best AS
(
    SELECT
        asset AS priced_asset,
        at AS priced_at,
        argMax((price, prices.source), (
            if(has({ranking:Array(String)}, prices.source), -toInt64(indexOf({ranking:Array(String)}, prices.source)), -1000000),
            fetched_at, event_id, price)) AS claim,
        uniqExact(prices.source, price) AS opinions,
        bitShiftLeft(toUInt64(toUnixTimestamp64Milli(at)), 16)
            + if(opinions > 1, least(uniqExact(prices.source, event_id, price, fetched_at), 65535), 0) AS priced_version
    FROM prices
    WHERE quote = 'iso4217:USD'
        AND at > {first:DateTime64(3, 'UTC')} - INTERVAL 7 DAY AND at < {last:DateTime64(3, 'UTC')}
        AND (asset, quote, at, prices.source, fetched_at) NOT IN
            (SELECT asset, quote, at, source, fetched_at FROM withdrawn_prices
             WHERE at > {first:DateTime64(3, 'UTC')} - INTERVAL 7 DAY AND at < {last:DateTime64(3, 'UTC')})
    GROUP BY asset, at
),
stated AS
(
    SELECT
        source, observed_at, snapshot_id, line, asset, amount, currency, stated_price, stated_value,
        toString(priced_by) AS needs,
        price_usd AS live_price, value_usd AS live_value, toString(price_source) AS live_source, price_at AS live_at,
        toString(reason) AS live_reason, version AS live_version,
        stated_value IS NOT NULL OR (stated_price IS NOT NULL AND amount IS NOT NULL) AS says_value,
        needs = '' AND live_reason IN ('negative_amount', 'unreadable', 'out_of_range', 'low_liquidity', 'excluded') AS kept_out
    FROM balances FINAL
    WHERE source >= {first_source:String} AND source <= {last_source:String}
        AND observed_at >= {first:DateTime64(3, 'UTC')} AND observed_at < {last:DateTime64(3, 'UTC')}
        AND ({everything:Bool} OR source IN {sources:Array(String)})
),
priced AS
(
    SELECT
        s.*,
        b.priced_version AS feed_version, b.priced_at AS feed_at, b.claim.2 AS feed_source, b.claim.1 AS feed_price,
        needs != '' AND feed_version > 0 AND feed_at > observed_at - INTERVAL 7 DAY AS found,
        found AND feed_at < observed_at - if(says_value OR startsWith(needs, 'iso4217:'), INTERVAL 5 DAY, INTERVAL 1 DAY) AS too_old,
        found AND NOT too_old AS usable
    FROM stated AS s
    ASOF LEFT JOIN best AS b ON s.needs = b.priced_asset AND s.observed_at >= b.priced_at
),
-- One select after another: the planner works an alias out anew wherever it is used in the same one, which took it half
-- a second for these.
decided AS
(
    SELECT
        *,
        multiIf(
            kept_out, 'none',
            needs = '' AND says_value AND stated_value IS NULL, 'stated_product',
            needs = '' AND says_value, 'stated_value',
            needs = '' AND ifNull(asset, '') = 'iso4217:USD' AND amount IS NOT NULL, 'by_definition',
            usable AND NOT says_value, 'amount_by_feed',
            usable AND stated_value IS NULL, 'amount_by_converted',
            usable, 'value_by_rate',
            'none') AS way
    FROM priced
),
measured AS
(
    SELECT
        *,
        way IN ('amount_by_converted', 'value_by_rate') AND stated_price IS NOT NULL AS converts,
        converts AND abs(multiply(toFloat64(ifNull(stated_price, toDecimal256(0, 36))), toFloat64(feed_price))) >= 1e40
            AS unit_too_great,
        reinterpret(if(converts AND NOT unit_too_great, assumeNotNull(stated_price), toDecimal256(0, 36)), 'Int256') AS a,
        reinterpret(feed_price, 'Int256') AS b
    FROM decided
),
converted AS
(
    -- The unit's price in dollars: null where none is stated or used.
    SELECT * EXCEPT (a, b), if(converts AND NOT unit_too_great, times(a, b), NULL) AS unit
    FROM measured
),
weighed AS
(
    SELECT
        *,
        multiIf(
            way IN ('stated_product', 'amount_by_feed', 'amount_by_converted'), assumeNotNull(amount),
            way = 'value_by_rate', assumeNotNull(stated_value),
            toDecimal256(0, 36)) AS factor,
        multiIf(
            way = 'stated_product', assumeNotNull(stated_price),
            way = 'amount_by_converted', ifNull(unit, toDecimal256(0, 36)),
            way IN ('amount_by_feed', 'value_by_rate'), feed_price,
            toDecimal256(0, 36)) AS rate,
        reinterpret(factor, 'Int256') AS a,
        reinterpret(rate, 'Int256') AS b,
        unit_too_great OR abs(multiply(toFloat64(factor), toFloat64(rate))) >= 1e40 AS too_great
    FROM converted
),
multiplied AS
(
    SELECT *, times(a, b) AS made
    FROM weighed
),
derived AS
(
    SELECT
        *,
        way != 'none' AND NOT too_great AS valued,
        if(NOT valued, NULL, multiIf(
            way = 'stated_value', stated_value,
            way = 'by_definition', amount,
            toNullable(made))) AS value,
        if(NOT valued, NULL, multiIf(
            way IN ('stated_value', 'stated_product'), stated_price,
            way = 'by_definition', toNullable(toDecimal256(1, 36)),
            way = 'amount_by_feed', toNullable(feed_price),
            unit)) AS price,
        multiIf(NOT valued, '', way = 'by_definition', 'definition', needs = '', splitByChar('/', source)[2], feed_source) AS who,
        multiIf(NOT valued, NULL, needs = '', toNullable(observed_at), toNullable(feed_at)) AS at,
        multiIf(
            kept_out, live_reason,
            too_great, 'out_of_range',
            valued, if(amount IS NULL, 'value_only', ''),
            too_old, 'stale',
            needs != '' OR live_reason = '', 'no_price',
            live_reason) AS why,
        -- A line that falls back behind a price that was taken back has seen more than the price that it falls back to.
        greatest(if(found, feed_version, 0), live_version) AS seen_version
    FROM multiplied
)
SELECT
    {run:String}, {unit:String}, {look:UInt32}, source, observed_at, snapshot_id, line, price, value, who, at, why,
    seen_version, live_value, live_version,
    cityHash64(toString((live_price, live_value, live_source, live_at, live_reason))) AS live_digest,
    cityHash64(toString((source, observed_at, snapshot_id, line, live_digest, live_version, price, value, who, at, why))) AS seen
FROM derived
-- Unknown differs from every number, and from no other unknown; a hash of a bare null would be null itself.
WHERE NOT (live_value <=> value AND live_price <=> price AND live_at <=> at AND live_source = who AND live_reason = why)
SETTINGS
    join_use_nulls = 0,
    do_not_merge_across_partitions_select_final = 1,
    short_circuit_function_evaluation = 'disable'
