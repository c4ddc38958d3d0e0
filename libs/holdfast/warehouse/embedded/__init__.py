"""The ClickHouse engine in this process (chDB), spoken to over ClickHouse's own HTTP interface.

`python -m holdfast.warehouse.embedded` serves it; `[embedded]` in the settings says where. To read it in
order: `service` (a process), `app` (paths), `conversation` (a request), `execution` (its answer), `ready` and
`sessions` (its handle on the engine), `authorisation` with `engine_config` (what a read-only caller reaches),
`engine` (chDB itself).

Every statement is in system.query_log, readable for the owner. Who asked is in `log_comment`, with the `query_id`
that the client chose:

    SELECT event_time, JSONExtractString(log_comment, 'user') AS user, query, query_duration_ms, memory_usage
    FROM system.query_log WHERE type != 'QueryStart' ORDER BY event_time DESC LIMIT 20

Where it differs from a server: no native TCP, no `compress=1` block framing, no external tables, no
progress headers; `default` as the database means Holdfast's own; one process owns the directory.
"""
