#!/bin/sh
# update_docs.sh VERSION: put that version of Swagger UI (npm package swagger-ui-dist) into docs/, with checksums. Needs npm and gzip.
set -eu
version=${1:?say which version, for example: gateway/update_docs.sh 5.35.0}
docs=$(cd "$(dirname "$0")" && pwd)/docs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd "$work" && npm pack --silent "swagger-ui-dist@$version" >/dev/null && tar -xzf swagger-ui-dist-*.tgz)
for name in swagger-ui-bundle.js swagger-ui-bundle.js.LICENSE.txt swagger-ui.css favicon-32x32.png LICENSE NOTICE; do
    cp "$work/package/$name" "$docs/$name"
    chmod 644 "$docs/$name"
done
for name in swagger-ui-bundle.js swagger-ui.css; do  # nginx sends these to whoever takes gzip
    gzip -9 -n -c "$docs/$name" >"$docs/$name.gz"
done

{
    echo "# Vendored: swagger-ui-dist $version (Apache-2.0)"
    echo
    echo "Unchanged from the npm package; \`.gz\` are the same files compressed. Written by \`gateway/update_docs.sh VERSION\`."
    echo
    echo '```'
    cd "$docs"
    sha256sum swagger-ui* favicon-32x32.png LICENSE NOTICE
    echo '```'
} >"$docs/VERSIONS.md"
