-- The wrong lines, and nothing but these very rows: not the right ones, nor any that were written since.
DELETE FROM balances
WHERE (source, observed_at, snapshot_id) IN
    (SELECT source, observed_at, snapshot_id FROM rebuilt_lines WHERE run = {run:String})
    AND (source, observed_at, snapshot_id, line, version,
         cityHash64(toString((price_usd, value_usd, toString(price_source), price_at, toString(reason))))) IN
    (SELECT source, observed_at, snapshot_id, line, live_version, live_digest FROM rebuilt_lines WHERE run = {run:String})
