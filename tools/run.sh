# run.sh - the steps of ./run.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what ./run sets, and what it reads

newline='
'

fail() {
	echo "run: $*" >&2
	exit 1
}

# What lies in the folders was written by a newer Eaves.
newer() {
	cat >&2 <<-'END'
	run: what lies here was written by a newer Eaves. These programs leave it
	alone. Update them:
	    git pull && ./run
	To go on with these, restore the backup from before the update (man eaves).
	END
	exit 4
}

misused() {
	echo "run: $*. See ./run --help" >&2
	exit 2
}

number() {
	case $1 in
	'' | *[!0-9]* | ??????*) return 1 ;;
	esac
	[ "$1" -ge 1 ] && [ "$1" -le 65535 ] && echo "$1"
}

absolute() {
	case $1 in
	/*) echo "$1" ;;
	*) echo "$PWD/$1" ;;
	esac
}

# A camera as eaves-hub takes it: files by their whole path, no password.
camera() {
	case $1 in
	rtsp://*:*@*)
		cat >&2 <<-'END'
		run: an address must not hold a password: it would stand in the list of
		processes and in your shell's history. Leave it out, like this:
		    ./run --camera rtsp://USER@HOST/PATH
		and type the password when it is asked for.
		END
		exit 2
		;;
	demo | rtsp://*) echo "$1" ;;
	*://*) misused "$1: only rtsp:// addresses are known" ;;
	pipe:*) echo "pipe:$(absolute "${1#pipe:}")" ;;
	v4l2:*) webcam "$(absolute "${1#v4l2:}")" ;;
	/dev/video* | /dev/v4l/*) webcam "$1" ;;
	*)
		[ -r "$1" ] || misused "cannot read $1"
		absolute "$1"
		;;
	esac
}

# One that is not plugged in is waited for; one that we may not open is not.
webcam() {
	if [ -e "$1" ] && ! { [ -r "$1" ] && [ -w "$1" ]; }; then
		cat >&2 <<-END
		run: you may not open $1. Its group may; join it, and sign in anew:
		    sudo usermod --append --groups video $(id -un)
		END
		exit 2
	fi
	echo "v4l2:$1"
}

# --- places ---

# Whoever copies the data must not get the keeper's secret with it: it lies
# with the user's own configuration, under a name that belongs to the folder.
places() {
	dir=$(realpath -m -- "$dir")
	config=${XDG_CONFIG_HOME:-${HOME:-/root}/.config}/eaves
	config=$(realpath -m -- "$config")
	name=$(printf %s "$dir" | sha256sum | cut -c1-16)
	keeper=$config/keeper-$name
	lan_dir=$config/lan-$name
	case $keeper/ in
	"$dir"/*)
		fail "the keeper's secret would lie inside $dir: choose another" \
		    "--dir, or set XDG_CONFIG_HOME"
		;;
	esac
}

# --- packages and programs ---

packages_install() {
	[ -z "${EAVES_BUILD:-}" ] || return 0
	mkdir -p "$config"
	EAVES_INSTALLED=$config/installed-packages "$home/tools/install" run ||
	    exit
}

# Nothing is done when nothing changed: ninja looks at times only. With
# EAVES_BUILD the programs are there already.
program_build() {
	build=${EAVES_BUILD:-$home/build}
	[ -z "${EAVES_BUILD:-}" ] || return 0
	mkdir -p "$build"
	if [ ! -e "$build/build.ninja" ]; then
		echo "Building (about a minute, this first time) ..."
		meson setup --buildtype=release -Doptimization=2 \
		    -Dwerror=false -Dtests=disabled "$build" "$home" \
		    >"$build/setup.log" 2>&1 ||
		    build_failed "$build/setup.log"
	fi
	ninja -C "$build" >"$build/build.log" 2>&1 ||
	    build_failed "$build/build.log"
}

build_failed() {
	tail -n 20 "$1" >&2
	fail "it does not build; all of it stands in $1"
}

# --- one at a time ---

# A process' words, one a line.
words() {
	[ ! -r "/proc/${1:-none}/cmdline" ] || tr '\0' '\n' <"/proc/$1/cmdline"
}

# The process, if it is alive and one of our programs at work on this folder.
ours() {
	words "$1" | grep -qxF -e "$dir/server" -e "$dir/hub"
}

pid_of() {
	cat "$dir/$1.pid" 2>/dev/null || true
}

# What an earlier ./run left behind when it was killed.
leftovers_stop() {
	for program in hub server; do
		pid=$(pid_of "$program")
		if ours "$pid"; then
			kill "$pid" 2>/dev/null || true
			for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
				ours "$pid" || break
				sleep 0.5
			done
			! ours "$pid" || kill -9 "$pid" 2>/dev/null || true
		fi
		rm -f "$dir/$program.pid"
	done
}

begin() {
	mkdir -p "$dir" "$dir/server" "$dir/hub" "$keeper"
	exec 9>"$dir/lock"
	flock -n 9 || fail "it runs already in $dir (process $(pid_of run))"
	echo $$ >"$dir/run.pid"
	leftovers_stop
	work=$(mktemp -d)
	mkfifo "$work/said"
	exec 3<>"$work/said" # what both programs say; it never ends
	asking=false
	server_loop=''
	hub_loop=''
	renew_loop=''
	trap 'ended $?' EXIT
	trap 'exit 0' INT TERM HUP
}

# Only what this ./run started, by process id.
ended() {
	trap - EXIT INT TERM HUP
	! $asking || stty echo
	for loop in $renew_loop $hub_loop $server_loop; do
		kill "$loop" 2>/dev/null || true
		wait "$loop" 2>/dev/null || true
	done
	rm -rf "$work"
	rm -f "$dir/run.pid"
	if [ "$1" -eq 0 ]; then
		echo
		echo "Stopped. ./run goes on from here."
	fi
	exit "$1"
}

# --- ports ---

port_taken() {
	grep -qE ": [0-9A-F]+:$(printf %04X "$1") [0-9A-F]+:[0-9A-F]+ 0A" \
	    /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# port_next FROM [BUT]: the first free port from there on.
port_next() {
	next=$1
	while port_taken "$next" || [ "$next" = "${2:-}" ]; do
		next=$((next + 1))
		[ "$next" -le 65535 ] || fail "no port is free"
	done
	echo "$next"
}

# A browser's keys belong to an address with its port: keep to the one from
# last time, unless it was taken meanwhile.
ports_choose() {
	last=''
	! [ -r "$dir/ports" ] || read -r last last_device <"$dir/ports"
	if [ -n "$port" ]; then
		! port_taken "$port" || fail "port $port is taken"
	elif [ -n "$last" ]; then
		port=$(port_next "$last")
		if [ "$port" != "$last" ]; then
			echo "Port $last is taken by something else: this time" \
			    "it is $port, and browsers have to sign in again."
		fi
	else
		port=$(port_next 8470)
	fi
	if [ -n "$device_port" ]; then
		! port_taken "$device_port" ||
		    fail "port $device_port is taken"
	else
		device_port=$(port_next "${last_device:-$((port + 1))}" "$port")
	fi
	echo "$port $device_port" >"$dir/ports"
}

# --- on the network only by TLS ---

certificate() {
	listen=127.0.0.1
	everywhere=0.0.0.0
	! grep -q . /proc/net/if_inet6 2>/dev/null || everywhere=::
	host=localhost
	scheme=http
	if [ -n "$tls_cert" ]; then
		listen=$everywhere
		scheme=https
		host=$("$build/src/cli/eaves" lan-name "$tls_cert")
	elif $lan; then
		listen=$everywhere
		scheme=https
		"$build/src/cli/eaves" lan-cert "$lan_dir" >/dev/null
		tls_cert=$lan_dir/server.crt
		tls_key=$lan_dir/server.key
		host=$("$build/src/cli/eaves" lan-name "$tls_cert")
	fi
	url=$scheme://$host:$port
}

# A certificate of ours is renewed by itself, and the server reads it anew.
certificate_renew() {
	exec 9>&-
	trap 'kill "$nap" 2>/dev/null; exit 0' TERM
	while :; do
		sleep 86400 &
		nap=$!
		wait "$nap" || true
		kill -0 $$ || exit 0
		if "$build/src/cli/eaves" lan-cert "$lan_dir" |
		    grep -q '^new'; then
			kill "$(pid_of server)" 2>/dev/null || true
		fi
	done
}

# --- the two programs ---

# keep NAME PROGRAM...: starts it again when it dies, after a second and a
# half; ends it when told to end. A line `NAME-ended STATUS` tells of it.
keep() {
	name=$1
	shift
	exec 9>&- # the lock is ./run's alone
	child=''
	trap 'kill "$child" 2>/dev/null; wait "$child"
	    rm -f "$dir/$name.pid"; exit 0' TERM
	trap '' INT HUP
	while :; do
		"$@" >&3 2>>"$dir/$name.log" &
		child=$!
		echo "$child" >"$dir/$name.pid"
		status=0
		wait "$child" || status=$?
		kill -0 $$ || exit 0 # ./run itself was killed
		echo "$name-ended $status" >&3
		sleep 1.5
	done
}

server_start() {
	set -- "$build/src/eavesd/eavesd" --dir "$dir/server" \
	    --keeper-dir "$keeper" --listen "$listen" --port "$port" \
	    --device-port "$device_port" --metrics-port "$metrics_port"
	if [ -n "$room" ]; then
		set -- "$@" --media-octets $((room * 1073741824))
	fi
	if [ "$scheme" = https ]; then
		set -- "$@" --tls-cert "$tls_cert" --tls-key "$tls_key"
	fi
	keep server "$@" &
	server_loop=$!
	read -r word status <&3
	[ "$word $status" != 'server-ended 4' ] || newer
	if [ "$word" != ready ]; then
		tail -n 5 "$dir/server.log" >&2
		fail "the server does not start; more in $dir/server.log"
	fi
	if $lan; then
		certificate_renew &
		renew_loop=$!
	fi
}

# A camera's password lies in a file of the hub's folder: asked for once.
password_ask() {
	file=$dir/hub/camera-password
	[ "$1" -eq 1 ] || file=$file-$1
	[ ! -e "$file" ] && [ -t 0 ] || return 0
	asking=true # ended() gives the terminal its echo back
	stty -echo
	printf 'Password of %s (Enter if it has none): ' "$2"
	IFS= read -r password || password=''
	stty echo
	asking=false
	echo
	[ -z "$password" ] || printf %s "$password" >"$file"
	password=''
}

hub_start() {
	set -- "$build/src/hub/eaves-hub" --dir "$dir/hub" \
	    --server "127.0.0.1:$device_port" \
	    --pin "$(cat "$dir/server/device.pin")" --link-url "$url"
	count=0
	while IFS= read -r one <&5; do
		[ -n "$one" ] || continue
		count=$((count + 1))
		case $one in
		rtsp://*@*) password_ask "$count" "$one" ;;
		esac
		set -- "$@" --camera "$one"
		$sound || set -- "$@" --no-sound
	done 5<<-END
		$cameras
	END
	keep hub "$@" &
	hub_loop=$!
}

# --- what a person is told ---

# A hub that has a home needs no link; else the link is the first thing that
# it says.
where_to_go() {
	if [ -s "$dir/hub/home" ]; then
		open "$url/"
		return
	fi
	while read -r word rest <&3; do
		case $word in
		link)
			open "$rest"
			return
			;;
		hub-ended)
			[ "$rest" != 4 ] || newer
			tail -n 5 "$dir/hub.log" >&2
			fail "the hub does not start; more in $dir/hub.log"
			;;
		esac
	done
}

open() {
	echo "open $1"
	if [ "$scheme" = https ]; then
		echo "$1" | "$build/src/cli/eaves" qr
	fi
	if $lan; then
		echo "Once on each machine: $url/trust tells how to trust it."
	fi
}

# A link lives for a quarter of an hour: each new one is shown.
wait_for_end() {
	while read -r word rest <&3; do
		case $word in
		link) open "$rest" ;;
		hub-ended)
			[ "$rest" != 4 ] || newer
			echo "The hub has ended ($rest) and is started again."
			;;
		*-ended)
			echo "The ${word%-ended} has ended ($rest)" \
			    "and is started again."
			;;
		esac
	done
}

# --- away with it ---

uninstall() {
	if [ ! -e "$dir" ] && [ ! -e "$keeper" ]; then
		fail "there is nothing in $dir"
	fi
	echo "This removes, for good:"
	echo "    $dir (recordings, accounts, the hub's keys)"
	echo "    $keeper (the keeper's secret)"
	printf 'Type yes to go on: '
	read -r answer || answer=''
	[ "$answer" = yes ] || fail "nothing was removed"
	pid=$(pid_of run)
	if words "$pid" | grep -qE '(^|/)run$'; then
		kill "$pid"
		while [ -e "/proc/$pid" ]; do
			sleep 0.2
		done
	fi
	leftovers_stop
	rm -rf "$dir" "$keeper" "$lan_dir"
	echo "Removed. What was built lies in $home/build."
	if [ -s "$config/installed-packages" ]; then
		echo "./run installed these packages; to remove them, as root:"
		echo "    apt-get remove --autoremove" \
		    "$(sort -u "$config/installed-packages" | tr '\n' ' ')"
	fi
}
