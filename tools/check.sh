# check.sh - the parts of ./check. Everything that is counted goes through
# tools/tap (one test program) and tools/tally (one folder of counts).
# shellcheck shell=sh

folder='build-check'
tally=$folder/tally
totals=$folder/totals

begin() {
	rm -rf "$tally"
	mkdir -p "$tally"
	: >"$totals"
	started=$(date +%s)
}

# One line of the summary: name, seconds, passed, failed, skipped.
line() {
	printf '%-20s %5s s   %5s passed  %3s failed  %3s skipped\n' "$@"
}

# suite NAME COMMAND...: COMMAND leaves counts in $EAVES_TALLY and the names
# of the tests that must have left one in $names.
suite() {
	suite=$1
	shift
	names=
	EAVES_TALLY=$PWD/$tally/$suite
	export EAVES_TALLY
	mkdir -p "$EAVES_TALLY"
	since=$(date +%s)
	"$@" >"$EAVES_TALLY.log" 2>&1
	took=$(($(date +%s) - since))
	# shellcheck disable=SC2086 # words
	counts=$(tools/tally "$EAVES_TALLY" $names 2>>"$EAVES_TALLY.log")
	if [ "$counts" = "0 0 0" ]; then
		return # nothing of this kind yet
	fi
	echo "$suite $took $counts" >>"$totals"
	# shellcheck disable=SC2086 # words
	line "$suite" "$took" $counts
	case $counts in
	*' 0 '*) ;;
	*) complain ;;
	esac
}

# What the failed tests of this suite said.
complain() {
	for count in "$EAVES_TALLY"/*.count; do
		read -r _ failed _ <"$count"
		if [ "$failed" -ne 0 ]; then
			said=${count%.count}
			echo "--- ${said##*/}"
			cat "$said.tap" "$said.err" 2>/dev/null |
			    grep -vE '^(ok|# [A-Z]?[a-z_]+( [0-9.]+|:.*)?$|1\.\.|\[[0-9]+/)' |
			    tail -n 40
		fi
	done
	grep -E 'left no count|^ *[0-9]+/[0-9]+ .*(FAIL|TIMEOUT)' \
	    "$EAVES_TALLY.log" | sed 's/^ */--- /'
}

# once NAME COMMAND...: one count for something that is a yes or a no.
once() {
	name=$1
	shift
	names="$names $name"
	if "$@" >"$EAVES_TALLY/$name.err" 2>&1; then
		echo "1 0 0" >"$EAVES_TALLY/$name.count"
	else
		echo "0 1 0" >"$EAVES_TALLY/$name.count"
	fi
}

# beside COMMAND...: its suites, a little behind what runs meanwhile. What they
# say waits until `met`.
beside() {
	trap 'trap - TERM; kill 0' INT TERM
	(
		renice -n 5 -p "$(exec sh -c 'echo "$PPID"')" >"$folder/renice"
		"$@"
	) >"$folder/beside" &
	other=$!
}

met() {
	wait "$other"
	trap - INT TERM
	cat "$folder/beside"
}

# build FOLDER COMPILER OPTION...: a build folder, without a warning.
build() {
	suite "build-$1" once "build-$1" build_folder "$@"
	case $counts in
	'1 0 0') ;;
	*) return 1 ;;
	esac
}

build_folder() {
	build=$folder/$1
	compiler=$2
	shift 2
	if [ ! -e "$build/build.ninja" ]; then
		CC=$compiler meson setup -Dtests=enabled "$@" "$build" || return
	fi
	ninja -C "$build"
}

# introspect FOLDER [SUITE]: all suites in order, or the tests of one.
introspect() {
	meson introspect --tests "$folder/$1" | python3 -c '
import json, sys
suite = sys.argv[1]
for test in json.load(sys.stdin):
    names = [name.split(":")[-1] for name in test["suite"]]
    if suite == "":
        print(*names, sep="\n")
    elif suite in names:
        print(test["name"])' "${2:-}" | awk '!seen[$0]++'
}

# meson_suite FOLDER SUITE: unit tests on all cores; what is in system waits
# for clocks and lines most of the time; anything else one after the other.
meson_suite() {
	names=$(introspect "$1" "$2")
	[ -n "$names" ] || return 0
	case $2 in
	unit) jobs=$(nproc) ;;
	system) jobs=3 ;;
	*) jobs=1 ;;
	esac
	meson test -C "$folder/$1" --no-rebuild --suite "$2" \
	    --num-processes "$jobs" -t 4
}

# Of tests/web, what lives beside another browser: nothing in it is measured.
calm=' add camera crypto engines export golden model pieces quality restore
    resume retention zone '

# What records a day in two minutes: the machine is its own.
hurried=' timeline '

# web_suite FOLDER KIND: the browser's side, tests/web/*.test.mjs, those that are
# hurried, calm, or neither (plain), one after the other.
web_suite() {
	EAVES_BUILD=$PWD/$folder/$1
	export EAVES_BUILD
	for file in tests/web/*.test.mjs; do
		name=${file##*/}
		name=${name%.test.mjs}
		kind=plain
		case $calm in
		*[[:space:]]"$name"[[:space:]]*) kind=calm ;;
		esac
		case $hurried in
		*" $name "*) kind=hurried ;;
		esac
		[ "$kind" = "$2" ] || continue
		names="$names web-$name"
		tools/tap "web-$name" timeout -k 10 600 \
		    node --test-reporter=tap "$file"
	done
}

fuzz_build() {
	if [ ! -e "$fuzz/build.ninja" ]; then
		CC=clang meson setup -Db_sanitize=address,undefined \
		    -Db_lundef=false -Dfuzz=true -Dtests=enabled "$fuzz" ||
		    return
	fi
	# shellcheck disable=SC2046 # words
	ninja -C "$fuzz" $(ninja -C "$fuzz" -t targets all |
	    sed -n 's/^\(src[^:]*_fuzz\): .*/\1/p')
}

# Every libFuzzer target for $EAVES_FUZZ_SECONDS (60), as many at once as there
# are cores. One that never ran because another broke counts as failed.
fuzz_suite() {
	fuzz=$folder/fuzz
	once fuzz-build fuzz_build
	# not what an older build left
	grep -q '^1' "$EAVES_TALLY/fuzz-build.count" || return
	targets=$(ninja -C "$fuzz" -t targets all |
	    sed -n 's/^\(src[^:]*_fuzz\): .*/\1/p' | sort)
	for target in $targets; do
		name=${target##*/}
		names="$names fuzz-${name%_fuzz}"
	done
	echo "$targets" |
	    xargs -P "$(nproc)" -I '{}' tools/fuzz-one "$fuzz/{}" "$folder" \
		"${EAVES_FUZZ_SECONDS:-60}"
}

style_checks() {
	once floors tools/check-floors
	once size tools/check-size
	once words tools/check-words
	once auto tools/check-auto
	once format clang_format
	once shellcheck shell_scripts
	once man mandoc -T lint -W warning man/*.[0-9]
}

clang_format() {
	find src bench* tests -name node_modules -prune -o -name '*.[ch]' \
	    -exec clang-format --dry-run --Werror {} +
}

shell_scripts() {
	{
		find . -maxdepth 1 -type f
		find .ci tools tests bench* -name node_modules -prune \
		    -o -path tests/vectors -prune -o -type f -print
	} | while read -r file; do
		case $file in
		*.sh) echo "$file" ;;
		*)
			if head -c 30 "$file" | grep -aqE '^#!/bin/(ba)?sh'; then
				echo "$file"
			fi
			;;
		esac
	done | xargs shellcheck -x
}

finish() {
	sum=$(awk '{ p += $3; f += $4; s += $5 }
	    END { printf "%d %d %d", p, f, s }' "$totals")
	# shellcheck disable=SC2086 # words
	line all $(($(date +%s) - started)) $sum
	# shellcheck disable=SC2086 # words
	set -- $sum
	echo "$1 passed, $2 failed, $3 skipped"
	[ "$1" -gt 0 ] && [ "$2" -eq 0 ]
}
