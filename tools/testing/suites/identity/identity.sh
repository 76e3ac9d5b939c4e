# SPDX-License-Identifier: GPL-2.0
# Attacks on who a process is: what each does is right if all processes that it
# announced were told of as who they are. Sourced after guest/attacks.sh.
# shellcheck shell=bash

# program and arguments | names that its processes have by then | their files | uid.
# Where more than one thing is right they are separated by commas.
IDENTITIES=(
	"rename prctl|innocent|/usr/bin/atk-rename|0"
	"rename comm|innocent|/usr/bin/atk-rename|0"
	"rename thread|atk-rename|/usr/bin/atk-rename|0"
	"rename leader|innocent|/usr/bin/atk-rename|0"
	"kin vfork|innocent,atk-kin|/usr/bin/atk-kin|0"
	"kin vm|innocent,atk-kin|/usr/bin/atk-kin|0"
	"kin cow|innocent,atk-kin|/usr/bin/atk-kin|0"
	"kin orphan|innocent|/usr/bin/atk-kin|0"
	"kin sibling|innocent|/usr/bin/atk-kin|0"
	"ns|innocent|/usr/bin/atk-ns|0"
	"uid away|atk-uid|/usr/bin/atk-uid|1000"
	"mm layout|innocent|/usr/bin/atk-mm|0"
	"mm exe|innocent|/var/cache/innocent-exe|0"
	"mm sibling|innocent|/var/cache/innocent-sibling|0"
)
# Without time to be seen before they take another name.
HASTY=("${IDENTITIES[@]:0:9}")
# They execute another file, or the same by another name.
COPIES=(
	"exec copy|innocent|/var/cache/innocent|0"
	"exec link|innocent|/var/cache/innocent|0"
	"exec thread|innocent|/var/cache/innocent|0"
)
SYMLINK="exec symlink|innocent|/usr/bin/atk-exec|0"

# Since the last attacks began, one a line:
# pid tid comm exe uid outcome rules protect-id
IDENTIFIED=

read_identified()
{
	IDENTIFIED=$(vigilctl -j alert list --vm vm --since $((SINCE + 1)) |
		gojq -r '.[] | select(.kind == "exec") |
		[.process.pid, .tid, .process.comm, .process.exe, .process.uid,
		 .outcome, (.rule | join(",")), .protect_id] |
		map(. // "-" | tostring) | join(" ")')
}

# identified_as ATTACK COMMS EXES UID OUTCOME: of each of its processes there is one
# alert, by the entry that there is. Where the code was allowed to run its page was
# granted, and the next one that runs it may not be asked about.
identified_as()
{
	local pid tid line count wanted needed=1

	[ -n "${WHO[$1]:-}" ] || return 1
	while read -r pid tid; do
		[ -n "$pid" ] || continue
		wanted="$pid $tid @(${2//,/|}) @(${3//,/|}) $4 $5 * ${ENTRY:-*}"
		count=0
		while read -r line; do
			# shellcheck disable=SC2053
			case $line in
			"$pid "*) [[ $line == $wanted ]] && count=$((count + 1)) ||
				count=9 ;;
			esac
		done <<<"$IDENTIFIED"
		[ $count -ge $needed ] && [ $count -le 1 ] ||
			{ echo "expected: $wanted"; return 1; }
		[ "$5" != allowed ] || needed=0
	done <<<"${WHO[$1]}"
}

explain_identity()
{
	local pids

	pids=$(cut -d' ' -f1 <<<"${WHO[$1]:-none}" | xargs | tr ' ' '|')
	printf '%s\n' "${SAID[$1]:-$1 did not run}" \
		"ended with ${ENDED[$1]:-nothing}"
	grep -E "^($pids) " <<<"$IDENTIFIED"
	false
}

who_is_stopped()
{
	! took_effect "$1" && [ "${ENDED[$1]:-}" = $SIGILL ] &&
		identified_as "$@" blocked || explain_identity "$1"
}

who_is_seen()
{
	took_effect "$1" && [ "${ENDED[$1]}" = 0 ] &&
		identified_as "$@" allowed || explain_identity "$1"
}

# Nothing is said of its processes.
who_is_let_alone()
{
	local pid tid

	took_effect "$1" && [ "${ENDED[$1]}" = 0 ] || explain_identity "$1" ||
		return 1
	while read -r pid tid; do
		[ -z "$pid" ] || ! has_alert "* $pid *" ||
			{ explain "$1"; return 1; }
	done <<<"${WHO[$1]}"
}

# judge_identities TITLE JUDGE ATTACK|EXPECTED...: of what ran last
judge_identities()
{
	local title=$1 judge=$2 attack expected

	shift 2
	read_identified
	for attack; do
		IFS='|' read -ra expected <<<"${attack#*|}"
		check "$title: ${attack%%|*}" "$judge" "${attack%%|*}" \
			"${expected[@]}"
	done
}

# identities_under TITLE JUDGE ATTACK|EXPECTED...: run and judged
identities_under()
{
	local title=$1 judge=$2

	shift 2
	run_attacks vm "${@%%|*}" || note "$title: the attacks did not end"
	judge_identities "$title" "$judge" "$@"
}

# list_read COMMAND...: again, as long as it says that the guest's list of processes
# can't be read now, and not without end
list_read()
{
	local errors=/tmp/identity.errors rc

	for _ in {1..10}; do
		"$@" 2>$errors
		rc=$?
		grep -q "can't be read now" $errors || break
	done
	cat $errors >&2
	return $rc
}

# policy TITLE [arguments of protect add]: instead of what there was
policy()
{
	local title=$1

	shift
	check "$title: the policy is taken" \
		list_read set_policy --rules "$ALL_RULES" "$@"
	ENTRY=$(cat "$LAB_GUESTS/policy" 2>/dev/null)
}

# --- a gate: all of them run, and wait ------------------------------------------

# Of each attack that waits: the pid that it told.
declare -A WAITS

# start_at_gate ATTACK...: not under check
start_at_gate()
{
	local list line attack

	list=$(printf '"%s" ' "$@")
	SINCE=$(last_alert vm)
	WAITS=()
	guest_run vm "rm -rf /run/go /run/out; mkdir /run/out; n=10; \
for a in $list; do n=\$((n + 1)); { echo \"case \$a:\"; \
GATE=/run/go $ATTACK_BIN/atk-\$a; echo \"end \$a: \$?\"; } >/run/out/\$n 2>&1 & \
done; for i in \$(seq 600); do [ \$(cat /run/out/* | grep -c ^waiting:) = $# ] && \
break; usleep 100000; done; cat /run/out/*" 60 || return 1
	while read -r line; do
		case $line in
		"case "*)	attack=${line#case } attack=${attack%:} ;;
		"waiting: pid="*) WAITS[$attack]=${line#*=} ;;
		esac
	done <"$LAB_GUESTS/vm.said"
	[ ${#WAITS[@]} = $# ]
}

# After so many sweeps all that wait at the gate are known, however slow the host is:
# each looks at one process at least, and the guest has fewer.
KNOWN_SWEEPS=100
# Does the entry protect others than who waits there?
OTHERS=

# The entry's processes are who waits there, or they should be by now.
gate_is_known()
{
	[ -z "$OTHERS" ] && [ "$(vigilctl -j protect list --vm vm |
		gojq ".[] | select(.id == $ENTRY) | .processes")" = \
		${#WAITS[@]} ] ||
		[ "$(stat_of vm process_sweeps)" -ge "$1" ]
}

# known_identities_under TITLE JUDGE ATTACK|EXPECTED...: as identities_under, but the
# sweep has had time for all of them before they do anything.
known_identities_under()
{
	local title=$1 judge=$2

	shift 2
	start_at_gate "${@%%|*}" || note "$title: not all wait"
	within 60 gate_is_known $(($(stat_of vm process_sweeps) + KNOWN_SWEEPS))
	open_gate || note "$title: the attacks did not end"
	judge_identities "$title" "$judge" "$@"
}

open_gate()
{
	GUEST=vm
	guest_run vm "touch /run/go; wait; cat /run/out/*" 60
	read_attacks <"$LAB_GUESTS/vm.said"
	read_alerts
}
