-- Every attempt of every fetch job, each once.
CREATE OR REPLACE VIEW fetch_attempts AS
SELECT
    tenant, job_id, event_id, provider, feed, target, scope, slot, lane, started_at, finished_at, attempts,
    outcome, error, message, requests, response_bytes, snapshots, lines
FROM fetches
LIMIT 1 BY tenant, job_id, event_id;
