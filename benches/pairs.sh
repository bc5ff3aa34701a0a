# pairs.sh - what the benches in shell share: medians of interleaved runs.
# shellcheck shell=sh

median() { # file: one figure a line
	sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
ratio() { # ours, theirs
	awk "BEGIN { printf \"%.3f\", $1 / $2 }"
}
