#!/bin/sh
# The end-to-end tests against docker compose: on SQLite, then on PostgreSQL with three copies of catalog.
# Uses a project, a port and volumes of its own, which are gone afterwards.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python

random() { head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
for name in AUTH_SECRET_KEY CATALOG_SECRET_KEY CART_SECRET_KEY ORDERS_SECRET_KEY CATALOG_CLIENT_SECRET CART_CLIENT_SECRET ORDERS_CLIENT_SECRET \
    POSTGRES_PASSWORD AUTH_DATABASE_PASSWORD CATALOG_DATABASE_PASSWORD CART_DATABASE_PASSWORD ORDERS_DATABASE_PASSWORD ADMIN_PASSWORD; do
    export "SHOP_$name=$(random)"
done
COMPOSE_PROJECT_NAME="shoptest$$"
GATEWAY_HOST=127.0.0.1
GATEWAY_PORT=$("$python" -c 'from tests.launched_shop import free_port; print(free_port())')
ADMIN_EMAIL=admin@example.com
RATE_LIMITS=off ORDERS_MOST_UNPAID=0
SHOP_URL="http://$GATEWAY_HOST:$GATEWAY_PORT" SHOP_EMAIL=$ADMIN_EMAIL SHOP_PASSWORD=$SHOP_ADMIN_PASSWORD
export COMPOSE_PROJECT_NAME GATEWAY_HOST GATEWAY_PORT ADMIN_EMAIL RATE_LIMITS ORDERS_MOST_UNPAID SHOP_URL SHOP_EMAIL SHOP_PASSWORD

# The gateway reaches what is public of a service, and not what services ask of each other.
check_networks() {
    tools/compose.sh exec -T gateway sh -c '
        ask() {
            if command -v wget >/dev/null; then wget -q -T 2 -O /dev/null "$1" 2>/dev/null
            elif command -v curl >/dev/null; then curl -fs -m 2 -o /dev/null "$1"
            else python3 -c "import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=2)" "$1" 2>/dev/null
            fi
        }
        for name in auth catalog cart orders; do
            ask "http://$name:8000/healthz" || { echo "the gateway does not reach $name"; exit 1; }
            if ask "http://$name:8001/metrics"; then echo "the gateway reaches what is internal of $name"; exit 1; fi
        done'
}

# Made-up requests are for `make test` and `make test-postgres`: services are the same in containers.
journeys() {
    "$python" -m pytest ${PYTEST_OPTIONS:-} tests/e2e --ignore=tests/e2e/test_fuzz.py
}

remove() {
    status=$?
    if [ "$status" != 0 ]; then
        POSTGRES=1 tools/compose.sh ps -a || true
        POSTGRES=1 tools/compose.sh logs --tail=40 || true
    fi
    POSTGRES=1 tools/compose.sh down --volumes --remove-orphans >/dev/null 2>&1 || true
    exit "$status"
}
trap remove EXIT
trap 'exit 130' INT TERM

echo "compose: images"
tools/compose.sh build
echo "compose: on SQLite"
tools/compose.sh up -d
check_networks
journeys
tools/compose.sh down --volumes
echo "compose: on PostgreSQL, three copies of catalog"
POSTGRES=1
export POSTGRES
tools/compose.sh up -d --scale catalog=3
check_networks
journeys
