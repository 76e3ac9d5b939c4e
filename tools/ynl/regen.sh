#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Regenerate what comes from Documentation/netlink/specs/vigil.yaml, with the
# generator of a kernel tree:  tools/ynl/regen.sh KERNEL-TREE [--check]
#
# The generator looks for the schema beside the spec and for MAINTAINERS above
# it, so it works in a scratch tree that has both.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
ksrc=${1:?usage: regen.sh KERNEL-TREE [--check]}
spec=Documentation/netlink/specs/vigil.yaml
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

mkdir -p "$tmp/Documentation/netlink/specs"
cp "$ksrc"/Documentation/netlink/*.yaml "$tmp/Documentation/netlink/"
cp "$top/$spec" "$tmp/$spec"
touch "$tmp/MAINTAINERS"

gen() {	# mode kind output
	mkdir -p "$tmp/$(dirname "$3")"
	(cd "$tmp" && python3 "$ksrc/tools/net/ynl/ynl-gen-c.py" \
		--mode "$1" "--$2" --spec "$spec" -o "$3")
}

gen uapi header include/uapi/linux/vigil.h
gen kernel header kmod/api/netlink-gen.h
gen kernel source kmod/api/netlink-gen.c

for f in include/uapi/linux/vigil.h kmod/api/netlink-gen.h kmod/api/netlink-gen.c; do
	if [ "${2:-}" = --check ]; then
		diff -u "$top/$f" "$tmp/$f"
	else
		cp "$tmp/$f" "$top/$f"
	fi
done
