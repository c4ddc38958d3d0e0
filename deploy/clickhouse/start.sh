#!/bin/sh
# Starts ClickHouse with the passwords of /run/secrets (clickhouse_analyst becomes CLICKHOUSE_ANALYST_PASSWORD).
set -eu
for file in /run/secrets/clickhouse_*; do
    name=$(basename "$file" | tr 'a-z-' 'A-Z_')_PASSWORD
    export "$name=$(cat "$file")"
done
exec /entrypoint.sh "$@"
