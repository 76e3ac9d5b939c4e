# SPDX-License-Identifier: GPL-2.0
# What the cases of the suite are made of: a Windows-shaped guest that is
# attacked under self-map protection.
# shellcheck shell=bash

. "$VIGIL_SRC/tools/testing/guest/guest.sh"
. "$VIGIL_SRC/tools/testing/selftests/winguest/winguest.sh"

BUILD=10.0.17763.1
# The period of the sweep is 10 ms. A lab that is short of processors needs more
# for its rounds, and nothing that is found later is called found.
WITHIN=30

# guest OPTIONS...: started, attached, its profile proved. Not by check, whose
# subshell would take the pipes along when it ends.
guest()
{
	winguest_start --build "$BUILD" "$@" &&
		vigilctl vm attach --pid "$WINGUEST_PID" --name win &&
		vigilctl profile find --vm win
}

guest_ends()
{
	vigilctl vm detach win
	winguest quit
	winguest_stop
}

selfmap()
{
	vigilctl selfmap "$1" --vm win "${@:2}"
}

# of FIELD: of the protection
of()
{
	vigilctl -j selfmap show --vm win | gojq -r ".$1"
}

# new_alerts SEQ FILTER: those after SEQ that are about an event, one compact line each
new_alerts()
{
	vigilctl -j alert list --vm win --since "$(($1 + 1))" |
		gojq -c ".[] | select(.kind != \"suppressed\" and ($2))"
}

# alerts_are SEQ COUNT FILTER: so many, an entry being repaired before it is told
alerts_are()
{
	local i

	for ((i = 0; i < 10; i++)); do
		[ "$(new_alerts "$1" "$3" | wc -l)" != "$2" ] || return 0
		sleep 0.1
	done
	new_alerts "$1" true
	return 1
}

is_closed()
{
	winguest entry "$@" && [ "$(winguest_get user)" = 0 ] &&
		[ "$(winguest_get own)" = 1 ]
}

is_open()
{
	winguest entry "$@" && [ "$(winguest_get user)" = 1 ]
}

# soon CONDITION ARGUMENTS...: it holds of an entry within the time
soon()
{
	local i

	for ((i = 0; i < WITHIN; i++)); do
		"$@" && return 0
		sleep 0.02
	done
	echo "still open: $WINGUEST_ANSWER"
	return 1
}

# closes ARGUMENTS...: the entry is right again
closes()
{
	soon is_closed "$@"
}

tables_of()
{
	case $1 in
	both)	echo kernel user ;;
	*)	echo "$1" ;;
	esac
}

# is_told SEQ PID TABLE: once, of that process and that table
is_told()
{
	alerts_are "$1" 1 ".kind == \"selfmap\" and .mitre == \"T1014\" and
		.outcome == \"blocked\" and .victim.pid == $2 and
		.selfmap.table == \"$3\""
}

# User mode can't read a page table through the slot, whatever the TLB holds.
faults()
{
	winguest read-user "$@" warm=1 && [[ $WINGUEST_ANSWER == "ok fault"* ]] ||
		{ echo "$WINGUEST_ANSWER"; return 1; }
}

# A new process is found by the next round, and only then is its table watched.
KNOWN=0.2
# Alerts are folded for ten seconds: a process for each attack, so that none is
# taken for the one before.
PIDS=/tmp/selfmap.pid

victim()
{
	LAST_PID=$(($(cat $PIDS 2>/dev/null || echo 4000) + 4))
	echo $LAST_PID >$PIDS
	winguest new "pid=$LAST_PID" "$@" && sleep $KNOWN
}

# attack NAME TABLE [arguments]: the entry is closed again. A store that the
# lane's processor lacks is no failure.
attack()
{
	local name=$1 table=$2 t at=()

	shift 2
	victim || return 1
	if ! winguest attack "$name" "pid=$LAST_PID" "table=$table" "$@"; then
		winguest_lacks "$name"
		return
	fi
	[ "$name" != second ] || at=("slot=$(winguest_get slot)")
	for t in $(tables_of "$table"); do
		closes "pid=$LAST_PID" "table=$t" "${at[@]}" || return 1
		ATTACKED+=("$LAST_PID $t")
	done
	faults "pid=$LAST_PID" "${at[@]}" && winguest exit "pid=$LAST_PID"
}

# attacks FUNCTION: those that it makes with attack() are told, and nothing else.
# The lab is slow: the alerts are fetched once.
attacks()
{
	local seq told want i ATTACKED=()

	seq=$(last_alert win)
	"$@" || return 1
	want=$(printf 'selfmap blocked T1014 %s\n' "${ATTACKED[@]}" | sort)
	for ((i = 0; i < 10; i++)); do
		told=$(new_alerts "$seq" true | gojq -r '[.kind, .outcome, .mitre,
			.victim.pid, .selfmap.table] | join(" ")' | sort)
		[ "$told" != "$want" ] || return 0
		sleep 0.1
	done
	diff <(echo "$want") <(echo "$told")
	return 1
}
