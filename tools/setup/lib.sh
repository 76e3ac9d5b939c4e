# SPDX-License-Identifier: GPL-2.0
# Shared by the scripts of tools/setup; sourced, not run.
# shellcheck shell=bash

: "${VIGIL_CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/vigil}"

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

installed_version()
{
	dpkg-query -W -f '${db:Status-Abbrev}${Version}\n' "$1" 2>/dev/null |
		sed -n 's/^ii *//p'
}

# 6.12.117-1~deb12u1 -> 6.12.117+deb12-amd64: the name Debian gives to the
# kernel of that source version.
kver_of_source_version()
{
	local upstream=${1%%-*}

	case $1 in
	*~deb12u*)	echo "$upstream+deb12-amd64" ;;
	*)		return 1 ;;
	esac
}
