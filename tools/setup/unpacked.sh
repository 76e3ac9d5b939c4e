# SPDX-License-Identifier: GPL-2.0
# Debian packages that are unpacked into the cache and not installed; sourced
# after lib.sh. They are kept by content, so that clones share them and a package
# that changed is never taken for the old one.
# shellcheck shell=bash

# Options for apt, where it is not this machine's own archive.
APT=()

# What an installation would have done in the directory $1.
mend()
{
	:
}

fetch()
{
	local package=$1 version=$2 sha=$3 deb=$4 tmp

	tmp=$(mktemp -d "$VIGIL_CACHE/fetch.XXXXXX")
	say "fetching $package"
	# apt would drop its privileges and not reach a directory below $HOME
	(cd "$tmp" && apt-get "${APT[@]}" -o APT::Sandbox::User=root -qq \
		download "$package=$version" >&2)
	echo "$sha  $(echo "$tmp"/*.deb)" | sha256sum --quiet -c - >&2 ||
		die "$package: not the content that apt promised"
	mv "$tmp"/*.deb "$deb"
	rmdir "$tmp"
}

unpack()
{
	local package=$1 deb=$2 dir=$3 tmp

	tmp=$(mktemp -d "$VIGIL_CACHE/unpack.XXXXXX")
	say "unpacking $package"
	dpkg -x "$deb" "$tmp"
	mend "$tmp"
	chmod 755 "$tmp"
	mv -T "$tmp" "$dir"
	rm "$deb"
}

# provide PACKAGE FILE: prints the directory where PACKAGE is unpacked.
provide()
{
	local package=$1 file=$2 link=$VIGIL_CACHE/packages/$1 record sha dir

	if [ ! -e "$link/$file" ]; then
		record=$(apt-cache "${APT[@]}" show --no-all-versions "$package") ||
			die "$package: unknown to apt; run apt-get update"
		sha=$(sed -n 's/^SHA256: //p' <<<"$record")
		# known only because it is installed
		[ -n "$sha" ] || die "$package: in no archive; run apt-get update"
		dir=$VIGIL_CACHE/packages/$sha
		mkdir -p "$VIGIL_CACHE/packages"
		if [ ! -d "$dir" ]; then
			fetch "$package" "$(sed -n 's/^Version: //p' <<<"$record")" \
				"$sha" "$dir.deb"
			unpack "$package" "$dir.deb" "$dir"
		fi
		ln -sfnT "$sha" "$link"
	fi
	echo "$link"
}
