#!/bin/sh
# build.sh DIST STAMP - fetches the pinned packages when they changed, builds
# the app into DIST, and writes STAMP only when the result is another one.
set -eu
dist=$(realpath -m "$1")
stamp=$(realpath -m "$2")
cd "$(dirname "$0")"
exec 9>>.npm-lock
flock 9 # two build folders may want the packages at once
../tools/npm-ci web
flock -u 9
node build.mjs "$dist" >"$dist.sizes"
now=$(cat "$dist"/* | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" != "$now" ]; then
	echo "$now" >"$stamp"
fi
