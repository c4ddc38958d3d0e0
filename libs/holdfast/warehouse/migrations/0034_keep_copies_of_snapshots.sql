-- When each copy of a statement was fetched and recorded: which of several statements for one instant was current
-- as known at some time depends on the copies known by then. The newest `fetched_at` alone does not say it.
ALTER TABLE snapshots ADD COLUMN IF NOT EXISTS copies
    SimpleAggregateFunction(groupUniqArrayArray, Array(Tuple(fetched_at DateTime64(3, 'UTC'), recorded_at DateTime64(3, 'UTC'))))
    DEFAULT [(fetched_at, recorded_at)];
