#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build KVM with the series of this directory, as modules for an installed
# kernel, or apply the series to a kernel tree.
#
# The series is the new files, common/<path in the kernel tree>, and the patches
# for the files that the kernel has, X.Y/*.patch. X.Y/series lists the patches in
# order; its lines "# stack: NAME" say where a stack of them begins. What comes
# before the first stack are fixes.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
modules="kvm.ko kvm-amd.ko kvm-intel.ko"
kver= kdir= out= apply_to= list= tarball= stack= stock= work=
jobs=$(nproc)

usage() {
	cat >&2 <<-END
	Usage: build.sh --kver KVER --out DIR [--kdir DIR] [--source TAR] [--jobs N]
	                [--stock | --stack NAME]
	       build.sh --apply-to TREE [--stack NAME]
	       build.sh --list X.Y [--stack NAME]

	  --kver KVER      kernel release to build for, as in uname -r
	  --out DIR        gets $modules and tree/, which has
	                   the changed headers and Module.symvers for other modules
	  --kdir DIR       kernel headers (default: /lib/modules/KVER/build)
	  --source TAR     kernel source (default: /usr/src/linux-source-X.Y.tar.xz)
	  --jobs N         parallel jobs (default: $jobs)
	  --stock          build KVM as it is, without the series
	  --stack NAME     only up to the end of this stack of patches: exec, watch
	                   (default: all)
	  --apply-to TREE  apply the series to a kernel source tree
	  --list X.Y       print the files of the patches for Linux X.Y
	END
	exit 2
}

die() {
	echo "build.sh: $*" >&2
	exit 1
}

say() {
	echo "build.sh: $*" >&2
}

parse_args() {
	while [ $# -gt 0 ]; do
		case $1 in
		--stock) stock=1; shift; continue ;;
		--kver|--out|--kdir|--source|--jobs|--stack|--apply-to|--list)
			[ $# -ge 2 ] || usage ;;
		*) usage ;;
		esac
		case $1 in
		--kver) kver=$2 ;;
		--out) out=$2 ;;
		--kdir) kdir=$2 ;;
		--source) tarball=$2 ;;
		--jobs) jobs=$2 ;;
		--stack) stack=$2 ;;
		--apply-to) apply_to=$2 ;;
		--list) list=$2 ;;
		esac
		shift 2
	done
	[ -z "$stock" ] || [ -z "$stack" ] || usage
	[ -n "$apply_to$list" ] || [ -n "$kver" -a -n "$out" ] || usage
}

# VERSION.PATCHLEVEL.SUBLEVEL of a kernel tree
tree_version() {
	[ -f "$1/Makefile" ] || die "$1 is not a kernel tree"
	sed -n 's/^\(VERSION\|PATCHLEVEL\|SUBLEVEL\) = *//p' "$1/Makefile" |
		paste -sd.
}

# The patches for Linux X.Y or X.Y.Z, in order, up to the end of the stack that is
# asked for. None is an error.
patches_for() {
	local version dir line in= found=

	version=$(cut -d. -f1,2 <<< "$1")
	dir=$here/$version
	[ -f "$dir/series" ] ||
		die "no patches for Linux $1 (there is no $dir/series)"
	while read -r line; do
		case $line in
		"# stack: "*)
			[ -z "$stack" ] || [ "$in" != "$stack" ] || break
			in=${line#\# stack: }
			[ "$in" != "$stack" ] || found=1 ;;
		""|"#"*) ;;
		*)
			[ -f "$dir/$line" ] ||
				die "$dir/series lists $line, which isn't there"
			echo "$dir/$line" ;;
		esac
	done < "$dir/series"
	[ -z "$stack" ] || [ -n "$found" ] || die "$dir/series has no stack $stack"
}

# The new files, as paths in a kernel tree
common_files() {
	[ ! -d "$here/common" ] ||
		find "$here/common" -type f -printf '%P\n' | sort
}

# All files that the series changes or adds
series_files() {
	{
		common_files
		sed -n 's,^+++ b/,,p' $(patches_for "$1")
	} | sort -u
}

copy_common() {
	[ ! -d "$here/common" ] || cp -r "$here/common/." "$1/"
}

# The kernels of a distribution differ from the one that the patches were made
# for, so lines may have moved. Their context must not have changed.
apply_patches() {
	local tree=$1 version=$2 made_for patches patch log

	patches=$(patches_for "$version")
	made_for=$(cat "$here/${version%.*}/VERSION")
	for patch in $patches; do
		if ! log=$(patch -d "$tree" -p1 -F0 -N --no-backup-if-mismatch \
			   --reject-file=- < "$patch" 2>&1); then
			echo "$log" >&2
			die "$(basename "$patch") does not fit $tree (Linux $version, made for $made_for)"
		fi
		! grep -q '^Hunk.*(offset ' <<< "$log" ||
			say "$(basename "$patch") fits with offsets (Linux $version, made for $made_for)"
	done
}

apply_series() {
	copy_common "$1"
	apply_patches "$1" "$2"
}

# Whether a tree has the series: its last patch can be taken back.
is_applied() {
	patch -d "$1" -p1 -F0 -R -f -s --dry-run --reject-file=- < "$2" > /dev/null 2>&1
}

apply_to_tree() {
	local version patches file

	version=$(tree_version "$apply_to")
	patches=$(patches_for "$version")
	if is_applied "$apply_to" "$(tail -n 1 <<< "$patches")"; then
		say "$apply_to has the patches already"
		return
	fi
	for file in $(common_files); do
		[ ! -e "$apply_to/$file" ] ||
			die "$apply_to has $file already, but not all patches: begin with a clean tree"
	done
	apply_series "$apply_to" "$version"
	say "applied $(wc -l <<< "$patches") patches to $apply_to"
}

find_inputs() {
	local series

	base=${kver%%[+-]*}
	series=${base%.*}
	[[ $base =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] ||
		die "$kver does not start with X.Y.Z, cannot tell its source"
	if [ -z "$stock" ]; then
		patches_for "$base" > /dev/null
	fi

	: "${kdir:=/lib/modules/$kver/build}"
	[ -f "$kdir/Makefile" ] ||
		die "no kernel headers in $kdir (Debian: apt install linux-headers-$kver)"
	[ -f "$kdir/Module.symvers" ] || die "$kdir has no Module.symvers"
	kdir=$(cd "$kdir" && pwd -P)

	: "${tarball:=/usr/src/linux-source-$series.tar.xz}"
	[ -f "$tarball" ] ||
		die "no kernel source at $tarball (Debian: apt install linux-source-$series)"
}

# All that the result depends on
content_hash() {
	{
		echo "$kver stock=$stock"
		sha256sum < "$tarball"
		sha256sum < "$kdir/Module.symvers"
		sha256sum < "$kdir/.config"
		sha256sum < "$here/build.sh"
		if [ -z "$stock" ]; then
			common_files
			(cd "$here" && common_files | sed 's,^,common/,' | xargs -r cat)
			cat $(patches_for "$base")
		fi
	} | sha256sum | cut -c1-16
}

# Where the headers of $kdir come from: Debian splits them into two directories.
common_headers() {
	local dir

	dir=$(sed -n '1s,^include \(/.*\)/Makefile$,\1,p' "$kdir/Makefile")
	echo "${dir:-$kdir}"
}

# Copy a directory of headers; links to scripts and tools must stay valid.
copy_headers() {
	local from=$1 to=$2 link

	cp -a "$from" "$to"
	for link in scripts tools; do
		[ -L "$to/$link" ] || continue
		ln -sfn "$(readlink -f "$from/$link")" "$to/$link"
	done
}

# A private copy of the headers, with the sources of KVM in it
lay_out() {
	local work=$1 common

	common=$(common_headers)
	copy_headers "$kdir" "$work/build"
	if [ "$common" = "$kdir" ]; then
		ln -s build "$work/common"
	else
		copy_headers "$common" "$work/common"
		echo "include $work/common/Makefile" > "$work/build/Makefile"
	fi

	say "unpacking KVM from $tarball"
	mkdir "$work/source"
	tar -C "$work/source" --strip-components=1 -xf "$tarball" \
		--wildcards --no-wildcards-match-slash 'linux-*/Makefile' \
		'linux-*/arch/x86/kvm' 'linux-*/virt/kvm' 'linux-*/virt/lib' \
		'linux-*/include/linux' 'linux-*/include/trace/events/kvm.h' \
		'linux-*/include/uapi/linux/kvm.h' 'linux-*/arch/x86/include'
	[ "$(tree_version "$work/source")" = "$base" ] ||
		die "$tarball is Linux $(tree_version "$work/source"), the kernel is $kver"
	[ -n "$stock" ] || apply_series "$work/source" "$base"

	cp -r "$work/source/arch/x86/kvm" "$work/common/arch/x86/"
	cp -r "$work/source/virt" "$work/common/"
	[ -n "$stock" ] || copy_patched_headers "$work/source" "$work/common"
}

# Copy the headers that the series changes or adds from one tree to another.
copy_patched_headers() {
	local file

	for file in $(series_files "$base"); do
		[[ $file == *include/* ]] || continue
		install -Dm644 "$1/$file" "$2/$file"
	done
}

build() {
	local work=$1 result=$2 dir=$1/common/arch/x86/kvm ko

	say "building $modules for $kver"
	make -s -C "$work/build" M="$dir" -j"$jobs" modules > "$work/log" 2>&1 || {
		grep -E 'error|Error|undefined' "$work/log" | head -20 >&2 || true
		die "the build failed, see $work/log"
	}
	mkdir -p "$result/tree"
	for ko in $modules; do
		[ -f "$dir/$ko" ] || die "the build made no $ko, see $work/log"
		strip --strip-debug -o "$result/$ko" "$dir/$ko"
	done
	# Another path than that of the stock module, and not of this build
	sed "s,$work/common/,patched/," "$dir/Module.symvers" > "$result/tree/Module.symvers"
	[ -n "$stock" ] || copy_patched_headers "$work/source" "$result/tree"
}

main() {
	local hash cache

	parse_args "$@"
	if [ -n "$list" ]; then
		patches_for "$list"
		return
	fi
	if [ -n "$apply_to" ]; then
		apply_to_tree
		return
	fi

	find_inputs
	hash=$(content_hash)
	if [ "$(cat "$out/.stamp" 2>/dev/null)" = "$hash" ]; then
		say "$out is up to date"
		return
	fi

	cache=${XDG_CACHE_HOME:-$HOME/.cache}/vigil/kvm-$hash
	if [ ! -d "$cache" ]; then
		mkdir -p "${cache%/*}"
		work=$(mktemp -d "$cache.XXXXXX")
		trap 'rm -rf "$work"' EXIT
		lay_out "$work"
		# from here on a failure leaves a log to look at
		trap - EXIT
		build "$work" "$work/result"
		mv -T "$work/result" "$cache" 2>/dev/null || [ -d "$cache" ]
		rm -rf "$work"
	fi

	# Never half of it, somebody may be looking.
	rm -rf "$out.new"
	mkdir -p "$out.new"
	cp -r "$cache/." "$out.new/"
	echo "$hash" > "$out.new/.stamp"
	rm -rf "$out"
	mv -T "$out.new" "$out"
	say "$out has KVM for $kver"
}

main "$@"
