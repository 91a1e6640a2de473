#!/bin/sh
# Makes or brings up to date the virtual environment DIR from requirements.lock and the project's own packages.
# usage: tools/venv.sh DIR
set -eu
venv=$1
cd "$(dirname "$0")/.."
say() { printf '%s\n' "$*" >&2; }

newest_python() {
    for python in ${PYTHON:-} python3.15 python3.14 python3.13 python3.12 python3.11 python3 python; do
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$python" && return
    done
    say "No Python 3.11 or newer found: install one (apt-get install python3 python3-venv, or brew install python), or name it: make PYTHON=/path/to/python"
    exit 1
}

if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    python=$(newest_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        say "$python cannot make virtual environments: apt-get install $("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
        exit 1
    fi
    say "Making the virtual environment with $("$python" --version)"
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi

pip="$venv/bin/python -m pip --quiet --disable-pip-version-check"
say "Installing the locked requirements (half a minute the first time)"
$pip install --no-deps --require-hashes -r requirements.lock
own=
for package in kit cli sandbox services/*; do
    [ -f "$package/pyproject.toml" ] && own="$own -e $package"
done
say "Installing the project's own packages"
# shellcheck disable=SC2086  # a list of words
$pip install --no-deps --no-build-isolation --no-index $own
