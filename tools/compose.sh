#!/bin/sh
# docker compose with the files that are wanted (POSTGRES=1: the PostgreSQL ones too).
# usage: tools/compose.sh start | stop | ANY COMPOSE COMMAND…
set -eu
cd "$(dirname "$0")/.."

compose() {
    if [ "${POSTGRES:-}" ]; then
        docker compose -f docker-compose.yml -f docker-compose.postgres.yml "$@"
    else
        docker compose "$@"
    fi
}

# The value of a name in .env, or nothing.
known() { [ ! -f .env ] || sed -n "s/^$1=//p" .env | tail -1; }

random() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

# Adds NAME=VALUE to .env unless the environment or .env has it.
keep() {
    eval "given=\${$1:-}"
    [ -n "$given" ] || [ -n "$(known "$1")" ] || printf '%s=%s\n' "$1" "$2" >>.env
}

make_secrets() {
    umask 077
    for service in AUTH CATALOG CART ORDERS; do
        keep "SHOP_${service}_SECRET_KEY" "$(random)"
        keep "SHOP_${service}_DATABASE_PASSWORD" "$(random)"
    done
    keep SHOP_CATALOG_CLIENT_SECRET "$(random)"
    keep SHOP_CART_CLIENT_SECRET "$(random)"
    keep SHOP_ORDERS_CLIENT_SECRET "$(random)"
    keep SHOP_POSTGRES_PASSWORD "$(random)"
    chosen=${ADMIN_PASSWORD:-$(known ADMIN_PASSWORD)}
    keep SHOP_ADMIN_PASSWORD "${chosen:-$(random | cut -c1-20)}"
}

start() {
    docker compose version >/dev/null 2>&1 || {
        echo "docker with its compose plugin is missing: install it, or use make run, which needs neither" >&2
        exit 1
    }
    make_secrets
    compose build
    compose up -d
    port=${GATEWAY_PORT:-$(known GATEWAY_PORT)} email=${ADMIN_EMAIL:-$(known ADMIN_EMAIL)}
    [ "${TLS_CERTIFICATE:-$(known TLS_CERTIFICATE)}" ] && scheme=https || scheme=http
    echo "Shop:           $scheme://127.0.0.1:${port:-8080}"
    echo "API reference:  $scheme://127.0.0.1:${port:-8080}/docs"
    echo "Admin:          ${email:-admin@example.com} (its password: SHOP_ADMIN_PASSWORD in .env)"
}

stop() {
    [ "${SHOP_POSTGRES_PASSWORD:-$(known SHOP_POSTGRES_PASSWORD)}" ] || { echo "nothing was started here" && exit; }
    POSTGRES=1
    compose down --remove-orphans
}

case ${1:-} in
start | stop) "$1" ;;
*) compose "$@" ;;
esac
