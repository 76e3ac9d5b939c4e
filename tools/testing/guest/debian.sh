# SPDX-License-Identifier: GPL-2.0
# The Debian guest: its own kernel, its root on a disk. Sourced after guest.sh; it
# takes the same commands as the others.
# shellcheck shell=bash

DEBIAN=$VIGIL_BUILD/guest/debian

# Nothing of what the guest is told is about vigil: it is to be quiet, and quick in a
# machine that is emulated.
DEBIAN_ARGUMENTS="root=/dev/vda rw mitigations=off audit=0 nowatchdog
	systemd.show_status=0"

# debian_start NAME [guest_start's arguments...]: the disk is as new each time, what
# is written to it is kept in memory.
debian_start()
{
	local name=$1 image

	shift
	image=$(realpath "$DEBIAN/image")
	trace_resets
	VIGIL_GUEST_KERNEL=$image/vmlinuz \
	VIGIL_GUEST_INITRD=$DEBIAN/initrd.cpio.gz \
	guest_start "$name" --mem 768 --append "${DEBIAN_ARGUMENTS//[[:space:]]/ }" \
		"$@" -device virtio-blk-device,drive=disk -drive \
		"if=none,id=disk,format=raw,snapshot=on,file=$image/disk.img"
}
