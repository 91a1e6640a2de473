#!/bin/sh
# What the image starts: looks at its settings, renders the templates, becomes nginx. What is wrong is said in one line.
set -euf
templates=${TEMPLATES:-/usr/share/shop/templates}

fail() {
    echo "gateway: $*" >&2
    exit 1
}

# Compose mounts /dev/null where none is given.
[ ! -c "$TLS_CERTIFICATE" ] || TLS_CERTIFICATE=
[ ! -c "$TLS_KEY" ] || TLS_KEY=

check_file() {
    [ -n "$2" ] || fail "$1 is missing: TLS needs both TLS_CERTIFICATE and TLS_KEY"
    { [ -f "$2" ] && [ -r "$2" ]; } || fail "$1 ($2) is not there, or user $(id -u) of the gateway may not read it"
}

host='[a-z0-9]([a-z0-9.-]*[a-z0-9])?' port='(:[1-9][0-9]{0,4})?'
for origin in $(printf %s "$CORS_ORIGINS" | tr , ' '); do
    printf '%s\n' "$origin" | grep -Eqx "https?://$host$port" || fail "CORS_ORIGINS: $origin is not an origin such as https://shop.example"
done
case $CORS_ORIGINS in *[!a-z0-9:/.,-]*) fail "CORS_ORIGINS has something else than origins and commas in it" ;; esac

export USER_DIRECTIVE='' LOCAL_DIRECTIVE='' TLS_DIRECTIVE='' HTTP2_DIRECTIVE='' LISTEN_MODE=''
names=$(grep -oh '\${[A-Z][A-Z0-9_]*}' "$templates/nginx.conf.template" "$templates/shop.conf.template" "$templates/tls.conf.template" | sort -u)
if [ -n "$TLS_CERTIFICATE$TLS_KEY" ]; then
    check_file TLS_CERTIFICATE "$TLS_CERTIFICATE"
    check_file TLS_KEY "$TLS_KEY"
    TLS_DIRECTIVE="include \"$RUN_DIR/tls.conf\";"
    version=$(nginx -v 2>&1 | sed 's|.*nginx/||')
    # nginx 1.25.1 and newer warn of `listen … http2`.
    if [ "$(printf '1.25.1\n%s\n' "$version" | sort -V | head -n 1)" = 1.25.1 ]; then
        LISTEN_MODE=ssl HTTP2_DIRECTIVE='http2 on;'
    else
        LISTEN_MODE='ssl http2'
    fi
fi

for name in nginx shop tls; do
    envsubst "$names" <"$templates/$name.conf.template" >"$RUN_DIR/$name.conf"
done
if ! said=$(nginx -e stderr -q -t -c "$RUN_DIR/nginx.conf" 2>&1 </dev/null); then
    line=$(printf '%s\n' "$said" | grep -m 1 emerg || printf '%s\n' "$said" | head -n 1)
    case $line in
    *"$RUN_DIR/tls.conf"* | *certificate* | *PrivateKey*) fail "TLS_CERTIFICATE and TLS_KEY cannot be used together: $line" ;;
    *) fail "$line" ;;
    esac
fi
exec nginx -e stderr -c "$RUN_DIR/nginx.conf"
