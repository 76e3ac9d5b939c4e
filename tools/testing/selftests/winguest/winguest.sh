# SPDX-License-Identifier: GPL-2.0
# A Windows-shaped guest for a suite, in bash or in busybox' sh:
#	WINGUEST=path of the binary (default: where tools/build/selftests puts it)
#	winguest_start --build 10.0.17763.107 [options]; winguest attack mov8 pid=4
#	winguest_get now; winguest_stop
# One guest at a time; start it in the shell that talks to it, not in $(...), and
# stop it in the same. WINGUEST_ANSWER is the last line that it said, WINGUEST_READY
# its first, WINGUEST_PID its process. Descriptors 8 and 9 are taken.
# shellcheck shell=sh

WINGUEST=${WINGUEST:-${VIGIL_BUILD:-.}/selftests/winguest/winguest}
WINGUEST_PIPES=${WINGUEST_PIPES:-/tmp/winguest}
# seconds for an answer; the guest's own limit (--timeout) is shorter
WINGUEST_SECONDS=${WINGUEST_SECONDS:-120}

winguest_hear()
{
	WINGUEST_ANSWER=
	# shellcheck disable=SC3045
	if ! IFS= read -r -t "$WINGUEST_SECONDS" WINGUEST_ANSWER <&9; then
		WINGUEST_ANSWER="error no answer"
	fi
	case $WINGUEST_ANSWER in
	ok*|ready*)	return 0 ;;
	esac
	echo "winguest: $WINGUEST_ANSWER" >&2
	return 1
}

# winguest_start OPTIONS...: until it is ready; 1 and WINGUEST_ANSWER if it can't be
winguest_start()
{
	mkdir -p "$WINGUEST_PIPES"
	rm -f "$WINGUEST_PIPES/in" "$WINGUEST_PIPES/out"
	mkfifo "$WINGUEST_PIPES/in" "$WINGUEST_PIPES/out" || return 1
	# Open on both sides, so that a guest that is gone does not end who writes to
	# it; the other one is not, so that its end is heard.
	exec 8<>"$WINGUEST_PIPES/in"
	"$WINGUEST" "$@" <"$WINGUEST_PIPES/in" >"$WINGUEST_PIPES/out" 8>&- &
	WINGUEST_PID=$!
	exec 9<"$WINGUEST_PIPES/out"
	winguest_hear
	WINGUEST_READY=$WINGUEST_ANSWER
	case $WINGUEST_READY in
	ready*)	return 0 ;;
	esac
	winguest_stop
	return 1
}

# winguest COMMAND...: 0 when the answer is "ok ..."
winguest()
{
	echo "$*" >&8
	winguest_hear
}

# winguest_value KEY [LINE]: the first value of KEY in the last answer, or in LINE, as
# WINGUEST_VALUE; it takes no process, which counts where those are emulated
winguest_value()
{
	WINGUEST_VALUE=" ${2:-$WINGUEST_ANSWER} "
	case $WINGUEST_VALUE in
	*" $1="*)	;;
	*)	return 1 ;;
	esac
	WINGUEST_VALUE=${WINGUEST_VALUE#*" $1="}
	WINGUEST_VALUE=${WINGUEST_VALUE%%" "*}
}

# ... printed
winguest_get()
{
	winguest_value "$@" && echo "$WINGUEST_VALUE"
}

# winguest_lacks WHAT [ANSWER]: the last answer, or ANSWER, was that this host can't,
# and the lane's processor is known to be without. Another that can't is a failure.
winguest_lacks()
{
	case ${2:-$WINGUEST_ANSWER} in
	*"not supported by this host"*)	;;
	*)	return 1 ;;
	esac
	case ${VIGIL_LANE:-}-$1 in
	amd-avx512|intel-la57)	return 0 ;;
	*)	return 1 ;;
	esac
}

# Also behind a start that failed
winguest_stop()
{
	[ -n "${WINGUEST_PID:-}" ] || return 0
	kill -9 "$WINGUEST_PID" 2>/dev/null
	wait "$WINGUEST_PID" 2>/dev/null
	exec 8>&- 9>&-
	WINGUEST_PID=
}
