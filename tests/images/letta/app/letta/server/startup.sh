#!/bin/bash
# Does what Letta's own start script does, in the same order: find or start PostgreSQL, migrate, serve.
set -e
if [ -z "$LETTA_PG_URI" ]; then
    /usr/local/bin/docker-entrypoint.sh postgres &
    until pg_isready -q -h localhost -U "$POSTGRES_USER"; do sleep 0.1; done
    export LETTA_PG_URI="postgresql://$POSTGRES_USER:$POSTGRES_PASSWORD@localhost:5432/$POSTGRES_DB"
    echo "Using internal PostgreSQL at: $LETTA_PG_URI"
fi

if ! alembic upgrade head; then
    echo "ERROR: Database migration failed!"
    exit 1
fi

if [ -n "$SANDBOX_OCCUPIED_PORT" ]; then
    # For the test of a port that is taken.
    perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "0.0.0.0:$ARGV[0]"); sleep 1000' "$SANDBOX_OCCUPIED_PORT" &
    sleep 0.3
fi

exec dotnet /opt/server/LettaPS.ContainerServer.dll
