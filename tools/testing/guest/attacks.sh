# SPDX-License-Identifier: GPL-2.0
# Runs the attack programs in a guest, all with one command, and judges each by
# its effect, its end, and the alert. Sourced after guest.sh.
# shellcheck shell=bash

# program and arguments | what is behind the mapping | rules that match it
ATTACKS=(
	"stack|stack|stack,wx,any"
	"thread|anon|stack,wx,any"
	"heap|heap|wx,any"
	"rwx|anon|wx,any"
	"across|anon|wx,any"
	"wthenx|anon|w-then-x,any"
	"memfd|shmem|w-then-x,any"
	"devshm|shmem|w-then-x,any"
	"shared|shmem|wx,any"
	"cow|file|w-then-x,any"
	"cow mem|file|w-then-x,any"
	"deleted|deleted|any"
	"fork|anon|wx,any"
)
ALL_RULES=stack,wx,w-then-x,any
SIGILL=132
SIGKILL=137
SIGSEGV=139

# Of each attack that ran last: what it printed, how it ended, whether its code
# ran, and whom and where it announced. Processes are dear in an emulated host:
# everything is read once, by the shell itself.
declare -A SAID ENDED EFFECT PID TID START
# The alerts since then, one a line.
ALERTS=

read_attacks()
{
	local line attack=

	SAID=() ENDED=() EFFECT=() PID=() TID=() START=()
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
		fi
	done
}

# run_attacks NAME ATTACK...: not under check, which is a subshell.
run_attacks()
{
	local name=$1 seq list

	shift
	list=$(printf '"%s" ' "$@")
	seq=$(last_alert "$name") || return 1
	guest_run "$name" "for a in $list; do echo \"case \$a:\"; atk-\$a;\
 echo \"end \$a: \$?\"; done" 40 || return 1
	read_attacks <"$LAB_GUESTS/$name.said"
	ALERTS=$(alerts "$name" "$seq")
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

# alert_is_right ATTACK KIND RULES OUTCOME: there is one, and all in it is right.
alert_is_right()
{
	local program=atk-${1%% *} pid=${PID[$1]:-none} who

	who="exec $pid ${TID[$1]:-} $program /usr/bin/$program"
	[ "$(count_alerts "exec $pid *")" = 1 ] &&
		has_alert "$who $3 $2 0x${START[$1]} $4 *" && return
	echo "expected: $who $3 $2 0x${START[$1]:-} $4"
	return 1
}

# --- judges: ATTACK KIND RULES ------------------------------------------------

is_let_alone()
{
	took_effect "$1" && [ "${ENDED[$1]}" = 0 ] &&
		! has_alert "* ${PID[$1]} *" || explain "$1"
}

is_seen()
{
	took_effect "$1" && [ "${ENDED[$1]}" = 0 ] &&
		alert_is_right "$1" "$2" "$3" allowed || explain "$1"
}

is_stopped()
{
	! took_effect "$1" && [ "${ENDED[$1]:-}" = $SIGILL ] &&
		alert_is_right "$1" "$2" "$3" blocked || explain "$1"
}

# Told twice: the fetch, and what became of the process.
is_dead()
{
	! took_effect "$1" &&
		[[ ${ENDED[$1]:-} =~ ^($SIGILL|$SIGKILL|$SIGSEGV)$ ]] &&
		has_alert "exec ${PID[$1]} *" &&
		has_alert "kill-outcome ${PID[$1]} * dead *" || explain "$1"
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

# attack_under TITLE JUDGE
attack_under()
{
	local attack program kind rules

	run_attacks vm "${ATTACKS[@]%%|*}" || note "$1: the attacks did not end"
	for attack in "${ATTACKS[@]}"; do
		IFS='|' read -r program kind rules <<<"$attack"
		check "$1: $program" "$2" "$program" "$kind" "$rules"
	done
}
