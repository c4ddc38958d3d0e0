-- What a provider reports of an instant may be A, then B, then A once more, with the event id of the first: that says what
-- and not when. One of the two went with a merge, and with it B or A was current. So when each copy was fetched and
-- recorded is in its key: the key determines the row, no merge has anything to choose, and of what is said of an instant
-- the greatest (fetched_at, event_id) is current, in whatever order it comes, as known at any time (`recorded_at`).
--
-- Of clusters, addresses and holders every copy is the same row: which statement counts is told by `cluster_overviews`.
ALTER TABLE reported_totals
    ADD COLUMN IF NOT EXISTS told DateTime64(3, 'UTC'),  -- fetched_at once more; 1970: from before each copy was kept
    ADD COLUMN IF NOT EXISTS heard DateTime64(3, 'UTC'), -- recorded_at once more
    MODIFY ORDER BY (source, observed_at, platform, event_id, told, heard);

ALTER TABLE reported_returns
    ADD COLUMN IF NOT EXISTS told DateTime64(3, 'UTC'),  -- as of reported_totals
    ADD COLUMN IF NOT EXISTS heard DateTime64(3, 'UTC'),
    MODIFY ORDER BY (source, observed_at, event_id, told, heard);

ALTER TABLE cluster_overviews
    ADD COLUMN IF NOT EXISTS told DateTime64(3, 'UTC'),  -- as of reported_totals
    ADD COLUMN IF NOT EXISTS heard DateTime64(3, 'UTC'),
    MODIFY ORDER BY (tenant, token, provider, observed_at, event_id, told, heard);

-- What no merge has taken yet of copies until now.
INSERT INTO reported_totals
SELECT * REPLACE (fetched_at AS told, recorded_at AS heard)
FROM reported_totals
WHERE (source, observed_at, platform) IN
(
    SELECT source, observed_at, platform FROM reported_totals GROUP BY source, observed_at, platform HAVING count() > 1
);

INSERT INTO reported_returns
SELECT * REPLACE (fetched_at AS told, recorded_at AS heard)
FROM reported_returns
WHERE (source, observed_at) IN
(
    SELECT source, observed_at FROM reported_returns GROUP BY source, observed_at HAVING count() > 1
);

INSERT INTO cluster_overviews
SELECT * REPLACE (fetched_at AS told, recorded_at AS heard)
FROM cluster_overviews
WHERE (tenant, token, provider, observed_at) IN
(
    SELECT tenant, token, provider, observed_at
    FROM cluster_overviews
    GROUP BY tenant, token, provider, observed_at
    HAVING count() > 1
);
