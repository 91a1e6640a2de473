#!/bin/sh
# Does nginx itself answer? (What the services do is /api/health.) With whatever the image has for asking.
url=http://127.0.0.1:${GATEWAY_LISTEN##*:}/api/openapi.json
if command -v wget >/dev/null; then exec wget -q -O /dev/null "$url"; fi
if command -v curl >/dev/null; then exec curl -fsS -o /dev/null "$url"; fi
exec python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)' "$url"
