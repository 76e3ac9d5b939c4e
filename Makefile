# SPDX-License-Identifier: GPL-2.0
#
# The front door. Modules are built by kbuild, from Kbuild.

KVER	?= $(shell uname -r)
KDIR	?= $(shell tools/setup/kernel build $(KVER))
PREFIX	?= /usr/local
Q	:= $(if $(V),,@)

SRC	:= $(CURDIR)
BUILD	:= $(SRC)/build
LAB	:= tools/testing/lab/lab
# the kernel of the lab; asked for late, because setup may install it
LABKVER	= $(shell tools/setup/kver)

help:
	@echo 'make demo            an attack on a guest, and what vigil makes of it'
	@echo 'make test            the tests, in the lab'
	@echo 'make test-all        ... and what they leave out'
	@echo 'make module          vigil.ko for the running kernel, or KVER=release'
	@echo 'make kvm-modules     patched kvm.ko, kvm-amd.ko and kvm-intel.ko, the same'
	@echo 'make tools           vigilctl'
	@echo 'make install         modules and vigilctl, below PREFIX=$(PREFIX)'
	@echo 'make kunit           the KUnit suites, on the debug kernel'
	@echo 'make bench           the benchmarks, in the lab'
	@echo 'make check           checkpatch, sparse, W=1'
	@echo 'make series-check    builds KVM after each patch of the series, for two architectures'
	@echo 'make clean           removes build/; the caches stay'
	@echo 'demo, test, kunit and bench need Debian 12, and root where packages are missing.'

demo: lab
	$(Q)tools/testing/demo/run

test: lab-all
	$(Q)tools/testing/lab/plan

test-all: lab-all debian
	$(Q)tools/testing/lab/kernel-modules stack
	$(Q)tools/testing/lab/plan --all

kunit: lab-all
	$(Q)$(LAB) run --kernel debug kunit

bench: lab
	$(Q)$(MAKE) --no-print-directory selftests KVER=$(LABKVER)
	$(Q)tools/testing/bench/run

# --- builds -----------------------------------------------------------------

# With both asked for, KVM first: the patched vigil.ko needs its symbols.
module: $(filter kvm-modules,$(MAKECMDGOALS))
	$(Q)tools/build/module $(KVER) '$(KDIR)' stock
	$(Q)if [ -e $(BUILD)/kvm/$(KVER)/tree/Module.symvers ]; then \
		tools/build/module $(KVER) '$(KDIR)' patched; \
	else \
		echo 'no patched KVM for $(KVER): built for stock KVM only (see make kvm-modules)'; \
	fi

kvm-modules:
	$(Q)kvm-patches/build.sh --kver $(KVER) --kdir '$(KDIR)' \
		--out $(BUILD)/kvm/$(KVER)

tools:
	$(Q)$(MAKE) -C userspace-ctl

guest:
	$(Q)$(MAKE) -s -C tools/testing/guest

# The Debian guest's image is made from apt's archives, once.
debian: setup
	$(Q)$(MAKE) -s -C tools/testing/guest debian

setup:
	$(Q)tools/setup/setup

# Everything that the demo takes.
lab: setup
	$(Q)$(MAKE) --no-print-directory kvm-modules module KVER=$(LABKVER)
	$(Q)$(MAKE) --no-print-directory tools guest

# ... and what the suites take: their programs, the debug kernel, its modules.
lab-all: lab
	$(Q)$(MAKE) -C userspace-ctl tests
	$(Q)$(MAKE) --no-print-directory selftests KVER=$(LABKVER)
	$(Q)tools/testing/lab/kernel-modules

selftests:
	$(Q)tools/build/selftests $(KVER) '$(KDIR)' $(BUILD)/kvm/$(KVER)/tree
	$(Q)tools/testing/suites/kvm-selftests/build $(BUILD)/selftests/kvm

# --- the rest ---------------------------------------------------------------

check:
	$(Q)tools/build/check $(KVER) '$(KDIR)'

series-check: setup
	$(Q)tools/build/series

# KVM's own modules stay where they are: which KVM a host runs is its
# administrator's decision, made by hand.
install:
	$(Q)for file in kvm.ko kvm-amd.ko kvm-intel.ko; do \
		[ ! -e $(BUILD)/kvm/$(KVER)/$$file ] || install -D -m 644 \
			-t $(DESTDIR)$(PREFIX)/lib/vigil/$(KVER) \
			$(BUILD)/kvm/$(KVER)/$$file; \
	done
	$(Q)for flavour in stock patched; do \
		[ ! -e $(BUILD)/module/$(KVER)/$$flavour/vigil.ko ] || \
			install -D -m 644 \
			-t $(DESTDIR)$(PREFIX)/lib/vigil/$(KVER)/$$flavour \
			$(BUILD)/module/$(KVER)/$$flavour/vigil.ko; \
	done
	$(Q)$(MAKE) -C userspace-ctl install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

clean:
	$(Q)rm -rf $(BUILD)
	$(Q)$(MAKE) -s -C userspace-ctl clean

.PHONY: help demo test test-all kunit bench module kvm-modules tools guest debian setup \
	lab lab-all selftests check series-check install clean
