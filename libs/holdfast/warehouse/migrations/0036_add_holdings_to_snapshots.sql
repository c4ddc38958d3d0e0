-- A digest of what a statement lists (assets, sides, amounts): statements with equal ones have no flow between them.
-- Empty for statements of before: they are looked at one by one.
ALTER TABLE snapshots ADD COLUMN IF NOT EXISTS holdings SimpleAggregateFunction(max, String);
ALTER TABLE snapshot_parts ADD COLUMN IF NOT EXISTS holdings String;
