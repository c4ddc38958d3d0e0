#!/bin/sh
# Makes what docker-compose.yml mounts as secrets, once: random passwords, and the providers' settings from
# deploy/providers (DEMO=1: those of the simulated world). What is there already stays.
#
# The folder is closed to other users of this machine; the files in it are readable, because the services
# that get them run as another user.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
secrets="$here/secrets"
mkdir -p "$secrets"
chmod 700 "$secrets"
umask 022

for name in nats_scheduler nats_worker_okx nats_worker_evm nats_worker_prices nats_worker_coingecko \
    nats_worker_defillama nats_worker_ecb nats_worker_bitpanda nats_worker_dalp nats_worker_credmark nats_aggregator \
    nats_api nats_migrate nats_subscriber nats_operator clickhouse_holdfast clickhouse_analyst api_master_key grafana_admin; do
    # The letter in front: NATS reads what begins with a digit as a number.
    [ -e "$secrets/$name" ] || printf 's%s' "$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')" >"$secrets/$name"
done

kind=$([ "${DEMO:-0}" = 1 ] && echo demo || echo example)
for provider in okx evm prices coingecko defillama ecb bitpanda dalp credmark; do
    [ -e "$secrets/$provider.toml" ] || cp "$here/providers/$provider.$kind.toml" "$secrets/$provider.toml"
done
echo "secrets are in $secrets"
[ "$kind" = demo ] || echo "now put your keys and nodes into the .toml files of the providers you use"
