# SPDX-License-Identifier: GPL-2.0
# Memory that a process which nobody protects executed first. Sourced after
# identity.sh.
# shellcheck shell=bash

SHARES=(memfd sysv ksm)
SHARERS=$((2 * ${#SHARES[@]}))
# After so many milliseconds nobody may run what another one has executed.
WINDOW_MS=1000

# It measures to the end, and lives on.
share_is_measured()
{
	[ "${ENDED["sharer $1"]:-}" = 0 ] &&
		[[ ${SAID["sharer $1"]} =~ \ window=-?[0-9]+ ]] ||
		explain "sharer $1"
}

share_ends()
{
	[[ ${SAID["sharer $1"]:-} == *" $1 after $WINDOW_MS ms: ran 0 of "* ]] ||
		explain "sharer $1"
}

# Figures are for people: they are the machine's as well.
note_share()
{
	local said=${SAID["sharer $1"]:-}

	[[ $said =~ ran\ ([0-9]+\ of\ [0-9]+)$'\n'sharer:\ $1\ window=(-?[0-9]+) ]] ||
		return
	note "$1: ran up to ${BASH_REMATCH[2]} ms after the other did (-1: never)," \
		"while the other ran ${BASH_REMATCH[1]}"
}

check_sharers()
{
	local kind

	run_attacks vm "${SHARES[@]/#/sharer }" ||
		note "sharers: they did not end"
	for kind in "${SHARES[@]}"; do
		note_share "$kind"
		if [ "${ENDED["sharer $kind"]:-}" = $NEVER_MET ]; then
			ktap_skip "sharer: $kind is measured" "nothing was merged"
			ktap_skip "sharer: $kind ends" "nothing was merged"
			continue
		fi
		check "sharer: $kind is measured" share_is_measured "$kind"
		check "sharer: $kind ends" share_ends "$kind"
	done
}
