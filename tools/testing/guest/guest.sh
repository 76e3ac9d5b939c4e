# SPDX-License-Identifier: GPL-2.0
# Talks to a guest of this directory's initramfs and to vigil about it.
# Sourced after lab/suite.sh.
# shellcheck shell=bash

vigilctl()
{
	"$VIGIL_BUILD/vigilctl" "$@"
}

# guest_boot NAME SECONDS [guest_start's arguments...]: until it takes commands.
# Its root is a plain filesystem of the page cache; on tmpfs every program would
# be one that runs from shared memory.
guest_boot()
{
	local name=$1 seconds=$2

	shift 2
	trace_resets
	guest_start "$name" --append rootfstype=ramfs "$@" &&
		guest_wait "$name" 'vigil-guest: ready' "$seconds" >/dev/null
}

# For suites: nothing can be said about a guest that does not boot. Not under
# check: that is a subshell, and the guest's input is held open by the shell.
guest_boot_or_bail()
{
	if guest_boot "$@"; then
		ktap_ok "guest $1 boots"
	else
		echo "Bail out! guest $1 does not boot: $(guest_state "$1")"
		exit 1
	fi
}

guest_pid()
{
	cat "$LAB_GUESTS/$1.pid"
}

# guest_run NAME COMMAND SECONDS: returns what COMMAND returned in the guest, 255
# if it did not end. What it printed is then in guest_said NAME.
guest_run()
{
	local name=$1 path=$LAB_GUESTS/$1 from rc

	from=$(cat "$path.seen")
	true >"$path.said"
	guest_send "$name" "$2"
	rc=$(guest_wait "$name" 'vigil-guest: rc=[0-9]+\.$' "$3") || return 255
	sed -n "$from,$(($(cat "$path.seen") - 2))p" "$path.serial" |
		tr -d '\r' >"$path.said"
	rc=${rc##*=}
	return "${rc%.}"
}

guest_said()
{
	cat "$LAB_GUESTS/$1.said"
}

# --- vigil --------------------------------------------------------------------

# attach NAME: the VM gets the guest's name, and its profile.
attach()
{
	vigilctl vm attach --pid "$(guest_pid "$1")" --name "$1" >&2 &&
		vigilctl profile find --vm "$1" >&2
}

profile_is()
{
	[ "$(vigilctl -j vm show "$1" | gojq -r .profile_state)" = "$2" ]
}

# protect NAME [arguments of protect add]: prints the entry's id.
protect()
{
	local name=$1

	shift
	vigilctl -j protect add --vm "$name" "$@" | gojq .id
}

unprotect()
{
	vigilctl protect del --vm "$1" "$2"
}

last_alert()
{
	vigilctl -j vm show "$1" | gojq .last_alert
}

# alerts NAME SEQ: those after number SEQ that are about an event, one a line:
# kind pid tid comm exe rules vma-kind rip outcome page reason of-seq seq
alerts()
{
	vigilctl -j alert list --vm "$1" --since $(($2 + 1)) | gojq -r '.[] |
		select(.kind != "suppressed") | [.kind, .process.pid, .tid, .process.comm, .process.exe,
		 (.rule // [] | join(",")), .vma.kind, .rip, .outcome,
		 .page, .reason, .of_seq, .seq] | map(. // "-" | tostring) | join(" ")'
}

# no_alerts NAME SEQ: none after that number, which are printed else
no_alerts()
{
	local alerts

	alerts=$(alerts "$1" "$2")
	[ -z "$alerts" ] || { echo "$alerts"; return 1; }
}

# monitor_listens PID: vigilctl alert monitor waits for events, in ppoll()
monitor_listens()
{
	grep -q '^271 ' "/proc/$1/syscall"
}

# stat_of NAME COUNTER
stat_of()
{
	vigilctl -j stats show --vm "$1" | gojq ".$2"
}
