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
"$python" -m pytest ${PYTEST_OPTIONS:-} tests/e2e
tools/compose.sh down --volumes
echo "compose: on PostgreSQL, three copies of catalog"
POSTGRES=1
export POSTGRES
tools/compose.sh up -d --scale catalog=3
"$python" -m pytest ${PYTEST_OPTIONS:-} tests/e2e
