# SPDX-License-Identifier: GPL-2.0
# What suites use: source "$VIGIL_SRC/tools/testing/lab/suite.sh".
# shellcheck shell=bash

LAB_GUESTS=/tmp/guest
LAB_TRACE=/sys/kernel/tracing
# APM volume 2, appendix C
SVM_EXIT_SHUTDOWN=0x7f
# The seconds that suites name are those of the stock kernel in a lab that has the
# machine for itself. Only what fails waits longer.
case ${VIGIL_KERNEL:-stock} in
debug|kcsan)	LAB_SLOWER=15 ;;
*)		LAB_SLOWER=4 ;;
esac

# --- KTAP -------------------------------------------------------------------

KTAP_CASE=0

ktap_plan()
{
	printf 'TAP version 13\n1..%d\n' "$1"
}

ktap_line()
{
	KTAP_CASE=$((KTAP_CASE + 1))
	printf '%s %d - %s\n' "$1" "$KTAP_CASE" "$2"
}

ktap_ok()
{
	ktap_line ok "$1"
}

ktap_fail()
{
	ktap_line 'not ok' "$1"
}

ktap_skip()
{
	ktap_line ok "$1 # SKIP $2"
}

# A line that people read and the judge does not.
note()
{
	printf '# %s\n' "$*"
}

# check NAME command...: the command's output is shown when it fails.
check()
{
	local name=$1 said

	shift
	if said=$("$@" 2>&1); then
		ktap_ok "$name"
		return 0
	fi
	[ -z "$said" ] || sed 's/^/# /' <<<"$said"
	ktap_fail "$name"
	return 1
}

# within SECONDS command...: it succeeds by then
within()
{
	local end=$((SECONDS + $1 * LAB_SLOWER))

	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "not in time: $*"; return 1; }
		sleep 0.2
	done
}

# fails_with PATTERN command...: it says why
fails_with()
{
	local pattern=$1 said

	shift
	if said=$("$@" 2>&1); then
		echo "no error: $said"
		return 1
	fi
	grep -qE -- "$pattern" <<<"$said" || { echo "$said"; return 1; }
}

# --- modules ----------------------------------------------------------------

lab_vendor_module()
{
	case $VIGIL_LANE in
	amd)	echo kvm-amd ;;
	intel)	echo kvm-intel ;;
	esac
}

# Bochs refuses each entry of a guest that has posted interrupts.
lab_vendor_parameters()
{
	case $VIGIL_LANE in
	intel)	echo enable_apicv=0 ;;
	esac
}

# modprobe for the modules of this kernel, not of the machine's
lab_modprobe()
{
	modprobe -d "$LAB_TREE" "$@"
}

# QEMU sometimes runs the breakpoint behind which Linux patches what another
# processor runs, see amd.py. Hence nothing is patched when suites come and go:
# vigil listens to kvm_entry from time to time, unless two others always do, and
# for guests see hold.py.
LAB_HOLD=/tmp/lab-hold.pid

patching_matters()
{
	[ "$VIGIL_LANE" = amd ] && [ "$(nproc)" -gt 1 ]
}

# kvm_entry_is_heard 0|1
kvm_entry_is_heard()
{
	local instance instances=/sys/kernel/tracing/instances

	[ -d $instances ] || return 0
	for instance in $instances/lab-1 $instances/lab-2; do
		mkdir -p $instance && echo 0 >$instance/tracing_on &&
			echo "$1" >$instance/events/kvm/kvm_entry/enable || return 1
	done
}

kvm_is_held()
{
	patching_matters || return 0
	kvm_entry_is_heard 1 && "$VIGIL_SRC/tools/testing/lab/hold.py" $LAB_HOLD
}

kvm_is_let_go()
{
	[ -e $LAB_HOLD ] || return 0
	kill -9 "$(cat $LAB_HOLD)"
	rm $LAB_HOLD
	kvm_entry_is_heard 0
}

# kvm_load [vendor module's parameters...]
kvm_load()
{
	# init has done that where there is no tree of modules
	[ ! -e "$LAB_TREE" ] || lab_modprobe -qa irqbypass ccp
	# shellcheck disable=SC2046
	insmod "$VIGIL_MODULES/kvm.ko" &&
		insmod "$VIGIL_MODULES/$(lab_vendor_module).ko" \
			$(lab_vendor_parameters) "$@" &&
		kvm_is_held
}

kvm_unload()
{
	kvm_is_let_go
	# the last VM ends when the processes that had it do
	within 5 rmmod "$(lab_vendor_module)" && rmmod kvm
}

vigil_load()
{
	insmod "$VIGIL_MODULES/vigil.ko" "$@"
}

# The last that an attachment does when its VMM is gone is to let the module go.
vigil_unload()
{
	within 10 rmmod vigil
}

# --- swap -------------------------------------------------------------------

# It is memory, as no disk shall be part of what is measured.
LAB_SWAP=/dev/zram0

# swap_on SIZE
swap_on()
{
	[ -e /sys/block/zram0 ] || lab_modprobe zram num_devices=1 || return
	echo "$1" >/sys/block/zram0/disksize && mkswap $LAB_SWAP && swapon $LAB_SWAP
}

swap_off()
{
	swapoff $LAB_SWAP
}

# --- guests -----------------------------------------------------------------

# guest_start NAME [--smp N] [--mem MB] [--machine TYPE] [--append STR] [qemu
# arguments...]. A guest that resets itself is the end of its QEMU.
guest_start()
{
	local name=$1 smp=1 mem=512 machine=microvm,rtc=on append='' path

	shift
	while [ $# -gt 0 ]; do
		case $1 in
		--smp)		smp=$2 ;;
		--mem)		mem=$2 ;;
		--machine)	machine=$2 ;;
		--append)	append=$2 ;;
		*)		break ;;
		esac
		shift 2
	done
	mkdir -p $LAB_GUESTS
	path=$LAB_GUESTS/$name
	rm -f "$path".*
	mkfifo "$path.in" "$path.out"
	# Held open on both sides: QEMU never sees an end of file, and neither
	# it nor the reader below waits for the other to come.
	exec {guest_hold}<>"$path.in"
	echo "$guest_hold" >"$path.hold"
	cat "$path.out" >"$path.serial" &
	guest_vmm "$path" -accel kvm -cpu host,la57=off -M "$machine" \
		-smp "$smp" -m "$mem" -nodefaults -display none -nic none \
		-no-reboot \
		-monitor "unix:$path.monitor,server=on,wait=off" \
		-chardev "pipe,id=serial,path=$path" -serial chardev:serial \
		-kernel "$VIGIL_GUEST_KERNEL" -initrd "$VIGIL_GUEST_INITRD" \
		-append "console=ttyS0 quiet earlyprintk=serial panic=-1 $append" \
		"$@" >"$path.log" 2>&1 &
	until [ -s "$path.pid" ]; do
		sleep 0.01
	done
}

# guest_vmm PATH ARGUMENTS...: QEMU, and how it ended
guest_vmm()
{
	local path=$1

	shift
	qemu-system-x86_64 "$@" &
	echo $! >"$path.pid"
	wait $!
	echo "QEMU's exit status is $?"
}

# guest_monitor NAME COMMAND: prints the answer. QEMU drops what it has not read
# when the other end is closed, hence wait until it is done.
guest_monitor()
{
	python3 -I -S - "$LAB_GUESTS/$1.monitor" "$2" <<-'END'
		import socket, sys
		monitor = socket.socket(socket.AF_UNIX)
		monitor.settimeout(480)
		monitor.connect(sys.argv[1])

		def wait_for_prompt():
		    said = b""
		    while not said.endswith(b"(qemu) "):
		        more = monitor.recv(4096)
		        if not more:
		            sys.exit("the monitor is gone")
		        said += more
		    return said

		wait_for_prompt()
		monitor.sendall(sys.argv[2].encode() + b"\n")
		print(wait_for_prompt().decode(errors="replace"))
	END
}

guest_alive()
{
	kill -0 "$(cat "$LAB_GUESTS/$1.pid")" 2>/dev/null
}

# guest_wait NAME REGEX SECONDS: until the serial console has shown REGEX since
# the last guest_wait that was answered. Prints the line.
guest_wait()
{
	local path=$LAB_GUESTS/$1 from found end

	from=$(cat "$path.seen" 2>/dev/null || echo 1)
	end=$((SECONDS + $3 * LAB_SLOWER))
	while :; do
		found=$(tail -n "+$from" "$path.serial" | tr -d '\r' |
			grep -n -m 1 -E -- "$2") && break
		if ! guest_alive "$1" || [ $SECONDS -ge $end ]; then
			guest_missed "$@" >&2
			return 1
		fi
		sleep 0.2
	done
	echo $((from + ${found%%:*})) >"$path.seen"
	printf '%s\n' "${found#*:}"
}

# What has become of a guest, in a line.
guest_state()
{
	if guest_alive "$1"; then
		echo "runs, $(guest_monitor "$1" "info registers -a" |
			grep -o 'RIP=[^ ]*\|HLT=.' | xargs)"
	else
		echo "$(tail -n 1 "$LAB_GUESTS/$1.log"), $(last_reset)"
	fi
}

# Of a guest that can't handle its exceptions any more only the end of its QEMU is
# seen; KVM knows where it was, and what it was given last.
trace_resets()
{
	local events=$LAB_TRACE/events/kvm

	echo "exit_reason == $SVM_EXIT_SHUTDOWN" >$events/kvm_exit/filter
	echo 1 | tee $events/kvm_exit/enable $events/kvm_inj_virq/enable \
		$events/kvm_inj_exception/enable >/dev/null
}

last_reset()
{
	awk '/kvm_exit:/ { print before[$1], "and", $0 } { before[$1] = $0 }' \
		$LAB_TRACE/trace | tail -n 1 | tr -s ' '
}

guest_missed()
{
	echo "no '$2' of guest $1 within $3 s: $(guest_state "$1"); its last words:"
	tail -n 20 "$LAB_GUESTS/$1.serial" "$LAB_GUESTS/$1.log"
}

guest_send()
{
	printf '%s\n' "$2" >"$LAB_GUESTS/$1.in"
}

guest_stop()
{
	local path=$LAB_GUESTS/$1 pid hold

	pid=$(cat "$path.pid")
	kill -9 "$pid" 2>/dev/null
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.1
	done
	hold=$(cat "$path.hold")
	eval "exec $hold>&-" 2>/dev/null
	return 0
}

guest_stop_all()
{
	local pid

	for pid in "$LAB_GUESTS"/*.pid; do
		[ -e "$pid" ] && guest_stop "$(basename "$pid" .pid)"
	done
	# guests that a suite started in its own way; without a QEMU there is no pkill
	pkill -9 -x qemu-system-x86 2>/dev/null && sleep 1
	return 0
}
