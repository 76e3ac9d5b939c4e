# SPDX-License-Identifier: GPL-2.0
# VMs that come and go. Sourced after guest/guest.sh.
# shellcheck shell=bash

LIFE=$VIGIL_SRC/tools/testing/suites/life

attach_only()
{
	vigilctl vm attach --pid "$(guest_pid "$1")" --name "$1"
}

attached()
{
	[ "$(vigilctl -j vm list | gojq length)" = "$1" ]
}

# KVM keeps a directory for each of its VMs.
vm_exists()
{
	compgen -G "/sys/kernel/debug/kvm/$1-*" >/dev/null
}

vm_is_gone()
{
	! vm_exists "$1"
}

vm_debugfs()
{
	mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
}

# --- a VMM that does as it is told ---------------------------------------------

vmm_start()
{
	coproc VMM { exec "$LIFE/vmm.py" "$@"; }
	read -r -t $((20 * LAB_SLOWER)) said <&"${VMM[0]}" && [ "$said" = ready ]
}

vmm_stop()
{
	kill -9 "$VMM_PID"
	wait "$VMM_PID" 2>/dev/null
	return 0
}
