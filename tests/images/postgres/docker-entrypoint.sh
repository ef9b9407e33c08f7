#!/bin/bash
# Stands in for the entrypoint of the official postgres images (POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, PGDATA,
# /docker-entrypoint-initdb.d): the first start makes the cluster, whatever else is asked for is simply run.
set -e
if [ "$1" != postgres ]; then
    exec "$@"
fi

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chown postgres:postgres "$PGDATA" /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    initdb --no-sync --auth=trust --username="$user" --pwfile=<(echo "${POSTGRES_PASSWORD:?}") "$PGDATA" >/dev/null
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    pg_ctl --silent -D "$PGDATA" -w -o "-c listen_addresses= -c fsync=off" start
    [ "$database" = postgres ] || psql -q -U "$user" -d postgres -c "CREATE DATABASE \"$database\""
    for script in /docker-entrypoint-initdb.d/*.sql; do
        [ -e "$script" ] && psql -q -v ON_ERROR_STOP=1 -U "$user" -d "$database" -f "$script"
    done
    pg_ctl --silent -D "$PGDATA" -m fast -w stop
    echo "PostgreSQL init process complete; ready for start up."
fi

exec "$@" -c "listen_addresses=*"
