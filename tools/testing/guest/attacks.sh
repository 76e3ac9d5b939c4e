# SPDX-License-Identifier: GPL-2.0
# Runs the attack programs in a guest, all with one command, and judges each by
# its effect, its end, and the alert. Sourced after guest.sh.
# shellcheck shell=bash

# program and arguments | what is behind the mapping | rules that match it | what
# the page is. Where more than one thing is right they are separated by slashes. The
# root of these guests is a ramfs, and that is what pages of its files say.
ATTACKS=(
	"stack|stack|stack,wx,any|anon"
	"thread|anon|stack,wx,any|anon"
	"heap|heap|wx,any|anon"
	"rwx|anon|wx,any|anon"
	"across|anon|wx,any|anon"
	"wthenx|anon|w-then-x,any|anon"
	"thp|anon|wx,any|anon"
	"devzero|anon|wx,any|anon"
	"hugetlb|hugetlb|wx,any|anon"
	"hugetlb shared|hugetlb|wx,any|hugetlb"
	"memfd|shmem|w-then-x,any|shmem"
	"devshm|shmem|w-then-x,any|shmem"
	"tmpfile|shmem|w-then-x,any|shmem"
	"ramfs|shmem|w-then-x,any|shmem"
	"sysv|shmem|w-then-x,any|shmem"
	"shared|shmem|wx,any|shmem"
	"perf|shmem|wx,any|shmem"
	"uring|shmem|wx,any|kernel"
	"packet|file|wx,any|kernel"
	"cow|file|w-then-x,any|anon"
	"cow mem|file|w-then-x,any|anon"
	"filewx|file|wx,any|shmem"
	"deleted|deleted|any|shmem"
	"fork|anon|wx,any|anon"
	"compat|anon|wx,any|anon"
	"compat base|anon|wx,any|anon"
)
# Those that have to meet a moment try more than once, and what else is true then
# differs from one try to the next: program and arguments | mappings | pages
UNMAPS=(
	"unmap|anon/unknown|anon"
	"unmap middle|anon/unknown|anon"
	"unmap shared|shmem/unknown|shmem"
	"unmap shared middle|shmem/unknown|shmem"
)
ALL_RULES=stack,wx,w-then-x,any
# Where the guest has them, and what is put before each command.
ATTACK_BIN=/usr/bin
ATTACK_ENV=
SIGILL=132
SIGKILL=137
SIGSEGV=139
# What an attack that has to meet a moment ends with if it did not.
NEVER_MET=3

# Of each attack that ran last: what it printed, how it ended, whether its code
# ran, and whom and where it announced; of all that it announced "pid tid", one a
# line. Processes are dear in an emulated host: everything is read once, by the shell
# itself.
declare -A SAID ENDED EFFECT PID TID START WHO
# Where they ran, the last alert before that, and those since then, one a line.
GUEST=
SINCE=
ALERTS=

read_alerts()
{
	ALERTS=$(alerts "$GUEST" "$SINCE")
}

read_attacks()
{
	local line attack=

	SAID=() ENDED=() EFFECT=() PID=() TID=() START=() WHO=()
	while read -r line; do
		if [[ $line =~ ^case\ (.*):$ ]]; then
			attack=${BASH_REMATCH[1]}
			continue
		elif [[ $line =~ ^end\ .*:\ ([0-9]+)$ ]]; then
			ENDED[$attack]=${BASH_REMATCH[1]}
			continue
		fi
		SAID[$attack]+=$line$'\n'
		if [ "$line" = INJECTED ]; then
			EFFECT[$attack]=1
		elif [[ $line =~ ^attack:.*pid=(.*)\ tid=(.*)\ code=(.*)- ]]; then
			PID[$attack]=${BASH_REMATCH[1]}
			TID[$attack]=${BASH_REMATCH[2]}
			START[$attack]=${BASH_REMATCH[3]}
			WHO[$attack]+="${PID[$attack]} ${TID[$attack]}"$'\n'
		fi
	done
}

# run_attacks NAME ATTACK...: not under check, which is a subshell.
run_attacks()
{
	local name=$1 list

	shift
	list=$(printf '"%s" ' "$@")
	GUEST=$name
	SINCE=$(last_alert "$name") || return 1
	guest_run "$name" "for a in $list; do echo \"case \$a:\"; $ATTACK_ENV $ATTACK_BIN/atk-\$a;\
 echo \"end \$a: \$?\"; done" 60 || return 1
	read_attacks <"$LAB_GUESTS/$name.said"
	read_alerts
}

took_effect()
{
	[ -n "${EFFECT[$1]:-}" ]
}

explain()
{
	printf '%s\n' "${SAID[$1]:-$1 did not run}" \
		"ended with ${ENDED[$1]:-nothing}" "$ALERTS"
	false
}

# has_alert PATTERN: of whole lines
has_alert()
{
	local line

	while read -r line; do
		[[ $line == $1 ]] && return
	done <<<"$ALERTS"
	return 1
}

count_alerts()
{
	local line count=0

	while read -r line; do
		[[ $line != $1 ]] || count=$((count + 1))
	done <<<"$ALERTS"
	echo $count
}

# any_of A/B/C: the pattern of one of them
any_of()
{
	echo "@(${1//\//|})"
}

# alert_is_right ATTACK KINDS RULES PAGES OUTCOME: there is one, and all in it is
# right.
alert_is_right()
{
	local program=atk-${1%% *} pid=${PID[$1]:-none} wanted

	wanted="exec $pid ${TID[$1]:-} $program $ATTACK_BIN/$program $3"
	wanted+=" $(any_of "$2") 0x${START[$1]:-} $5 $(any_of "$4") - *"
	has_alert "$wanted" && case $1 in
	# the kernel writes to its page meanwhile, and the rest of the code is judged
	# again
	perf)	true ;;
	*)	[ "$(count_alerts "exec $pid *")" = 1 ] ;;
	esac && return
	echo "expected: $wanted"
	return 1
}

# alerts_are_right ATTACK KINDS PAGES OUTCOME: there are some, of what was seen or
# of what could not be, and all have that outcome.
alerts_are_right()
{
	local program=atk-${1%% *} pid=${PID[$1]:-none} seen unseen

	seen="exec $pid * $program $ATTACK_BIN/$program * $(any_of "$2")"
	seen+=" 0x${START[$1]:-} $4 $(any_of "$3") - *"
	unseen="unreadable @($pid|0|-) * $4 *"
	seen=$(count_alerts "$seen")
	unseen=$(count_alerts "$unseen")
	[ $((seen + unseen)) -gt 0 ] &&
		[ "$(count_alerts "exec $pid *")" = "$seen" ] &&
		[ "$(count_alerts "unreadable @($pid|0|-) *")" = "$unseen" ] &&
		return
	echo "expected alerts of $pid: $2, pages: $3, outcome: $4"
	return 1
}

# --- judges: ATTACK KINDS RULES PAGES ------------------------------------------

is_let_alone()
{
	took_effect "$1" && [ "${ENDED[$1]}" = 0 ] &&
		! has_alert "* ${PID[$1]} *" || explain "$1"
}

is_seen()
{
	took_effect "$1" && [ "${ENDED[$1]}" = 0 ] &&
		alert_is_right "$1" "$2" "$3" "$4" allowed || explain "$1"
}

is_stopped()
{
	! took_effect "$1" && [ "${ENDED[$1]:-}" = $SIGILL ] &&
		alert_is_right "$1" "$2" "$3" "$4" blocked || explain "$1"
}

# runs_and_is_stopped NAME ATTACK: one whose code is in anonymous memory, by the
# rule "any"
runs_and_is_stopped()
{
	run_attacks "$1" "$2"
	is_stopped "$2" anon any anon
}

# Told twice: the fetch, and a moment after its end what became of the process.
is_dead()
{
	! took_effect "$1" &&
		[[ ${ENDED[$1]:-} =~ ^($SIGILL|$SIGKILL|$SIGSEGV)$ ]] &&
		has_alert "@(exec|unreadable) ${PID[$1]:-none} *" &&
		within 10 death_is_told "${PID[$1]}" || explain "$1"
}

# death_is_told PID: in what was read, or by now.
death_is_told()
{
	local wanted="kill-outcome $1 * dead *"

	has_alert "$wanted" || { read_alerts && has_alert "$wanted"; }
}

# --- judges of those that have to meet a moment: ATTACK KINDS PAGES -----------

is_seen_at_times()
{
	took_effect "$1" && [ "${ENDED[$1]}" = 0 ] &&
		alerts_are_right "$1" "$2" "$3" allowed || explain "$1"
}

is_stopped_at_all_times()
{
	! took_effect "$1" && [ "${ENDED[$1]:-}" = $SIGILL ] &&
		alerts_are_right "$1" "$2" "$3" blocked || explain "$1"
}

# --- all of them under one policy ---------------------------------------------

# One entry at a time. Which one is kept in a file: checks run in subshells.
set_policy()
{
	drop_policy
	protect vm "$@" >"$LAB_GUESTS/policy" && [ -s "$LAB_GUESTS/policy" ]
}

drop_policy()
{
	[ ! -s "$LAB_GUESTS/policy" ] ||
		unprotect vm "$(cat "$LAB_GUESTS/policy")"
	rm -f "$LAB_GUESTS/policy"
}

# attack_under TITLE JUDGE ATTACK|EXPECTED...: what is expected goes to the judge.
attack_under()
{
	local title=$1 judge=$2 attack expected

	shift 2
	run_attacks vm "${@%%|*}" || note "$title: the attacks did not end"
	for attack; do
		IFS='|' read -ra expected <<<"${attack#*|}"
		if [ "${ENDED[${attack%%|*}]:-}" = $NEVER_MET ]; then
			# on a busy machine
			ktap_skip "$title: ${attack%%|*}" "its moment did not come"
			continue
		fi
		check "$title: ${attack%%|*}" "$judge" "${attack%%|*}" \
			"${expected[@]}"
	done
}
