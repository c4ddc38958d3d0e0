#!/bin/sh
# Starts NATS with the passwords of /run/secrets (nats_scheduler becomes NATS_SCHEDULER_PASSWORD) in its environment.
set -eu
export NATS_STORE_DIR="${NATS_STORE_DIR:-/data}"
for file in /run/secrets/nats_*; do
    name=$(basename "$file" | tr 'a-z-' 'A-Z_')_PASSWORD
    export "$name=$(cat "$file")"
done
exec nats-server --config /etc/nats/nats-server.conf "$@"
