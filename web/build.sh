#!/bin/sh
# build.sh STAMP - fetches the pinned packages when they changed, builds
# web/dist, and touches STAMP only when the result is another one.
set -eu
stamp=$(realpath -m "$1")
cd "$(dirname "$0")"
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.eaves ]; then
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	touch node_modules/.eaves
fi
mkdir -p dist
before=$(cat dist/* 2>/dev/null | sha256sum)
[ ! -f build.mjs ] || node build.mjs
after=$(cat dist/* 2>/dev/null | sha256sum)
[ "$before" = "$after" ] && [ -e "$stamp" ] || touch "$stamp"
