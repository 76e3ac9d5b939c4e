// SPDX-License-Identifier: GPL-2.0
/*
 * A profile out of a running guest: registers -> page tables -> kernel image
 * -> symbols -> BTF.  Nothing is known beforehand, neither the kernel's build
 * nor where KASLR has put it.
 *
 * Which system it is tells the system call entry, or where there is none the IDT:
 * Linux has its code in the last two gigabytes of the address space, Windows
 * never.
 */
#include <errno.h>
#include <string.h>

#include "finder.h"
#include "kbtf.h"

#define VCPUS_MAX	1024
#define REGS_TRIES	3
#define REGS_TIMEOUT_MS	2000

#define CR0_PG		(1ULL << 31)
#define CR4_LA57	(1ULL << 12)
#define EFER_LMA	(1ULL << 10)
#define PTI_USER_ROOT	0x1000ULL

#define PAGE_FAULT	14

#define BANNER		"Linux version "

/* Where an interrupt gate leads to, 0 if that can't be known. */
static uint64_t idt_handler(struct vigil_guest *guest,
			    const struct vigil_regs *regs, unsigned int vector)
{
	struct { uint16_t low, selector, flags, mid; uint32_t high, zero; } gate;
	struct vigil_virt virt = {
		.root = regs->cr3,
		.addr = regs->idt_base + vector * sizeof(gate),
		.buf = (uintptr_t)&gate,
		.len = sizeof(gate),
		.levels = regs->cr4 & CR4_LA57 ? 5 : 4,
	};

	if (!regs->idt_base || guest->ops->virt(guest, &virt) ||
	    virt.len != sizeof(gate))
		return 0;
	return (uint64_t)gate.high << 32 | (uint32_t)gate.mid << 16 | gate.low;
}

static bool has_banner(const struct vigil_image *image)
{
	return memmem(image->data, image->size, BANNER, strlen(BANNER));
}

static int load_at(struct vigil_image *image, const struct vigil_space *space,
		   uint64_t entry, struct vigil_err *err)
{
	int ret = vigil_image_load(image, space, entry, err);

	if (ret || has_banner(image))
		return ret;
	ret = vigil_fail(err, ENOENT,
			 "no Linux kernel (\"%s\") in the %zu MiB mapped at 0x%llx",
			 BANNER, image->size >> 20,
			 (unsigned long long)image->start);
	vigil_image_free(image);
	return ret;
}

/* Any of the addresses that have to be the kernel's leads to it. */
static int load_by_regs(struct vigil_image *image,
			const struct vigil_space *space,
			const struct vigil_regs *regs, struct vigil_err *err)
{
	const uint64_t entry[] = {
		regs->lstar,
		idt_handler(space->guest, regs, PAGE_FAULT),
		regs->cpl ? 0 : regs->rip,
	};
	unsigned int i;

	vigil_fail(err, ENOENT,
		   "the vCPU has neither a system call entry nor interrupt handlers");
	for (i = 0; i < sizeof(entry) / sizeof(entry[0]); i++) {
		if (entry[i] && !load_at(image, space, entry[i], err))
			return 0;
	}
	return -err->code;
}

/*
 * In user mode with page-table isolation CR3 holds the user's table, one page
 * above the kernel's; it maps little more than the entry code.
 */
static int load_image(struct vigil_finder *finder,
		      const struct vigil_regs *regs, struct vigil_err *err)
{
	struct vigil_space space = { .guest = finder->guest };

	if (!(regs->cr0 & CR0_PG) || !(regs->efer & EFER_LMA))
		return vigil_fail(err, ENOENT, "the vCPU isn't in 64-bit mode");
	finder->levels = regs->cr4 & CR4_LA57 ? 5 : 4;
	space.levels = finder->levels;
	space.root = regs->cr3 & ~PTI_USER_ROOT;
	if (regs->cr3 & PTI_USER_ROOT &&
	    !load_by_regs(&finder->image, &space, regs, err))
		return 0;
	space.root = regs->cr3;
	return load_by_regs(&finder->image, &space, regs, err);
}

static int load_windows(struct vigil_finder *finder,
			const struct vigil_regs *regs, uint64_t handler,
			struct vigil_err *err)
{
	int ret = -ENOENT;

	if (regs->lstar)
		ret = vigil_winfind_image(&finder->win, finder->guest, regs,
					  regs->lstar, err);
	if (ret && ret != -EOPNOTSUPP && handler)
		ret = vigil_winfind_image(&finder->win, finder->guest, regs,
					  handler, err);
	return ret;
}

static int load_kernel(struct vigil_finder *finder,
		       const struct vigil_regs *regs, struct vigil_err *err)
{
	const uint64_t handler = idt_handler(finder->guest, regs, PAGE_FAULT);
	const uint64_t entry = regs->lstar ? regs->lstar : handler;

	finder->windows = entry && !vigil_image_may_have(entry);
	return finder->windows ? load_windows(finder, regs, handler, err) :
				 load_image(finder, regs, err);
}

static int read_regs(struct vigil_finder *finder, unsigned int vcpu,
		     struct vigil_regs *regs)
{
	memset(regs, 0, sizeof(*regs));
	regs->vcpu = vcpu;
	regs->timeout_ms = REGS_TIMEOUT_MS;
	return finder->guest->ops->regs(finder->guest, regs);
}

static int fail_regs(struct vigil_err *err, unsigned int vcpu, int ret)
{
	if (ret == -ETIMEDOUT)
		return vigil_fail(err, ETIMEDOUT,
				  "vCPU %u did not run for %d s: is the VM paused?",
				  vcpu, REGS_TIMEOUT_MS / 1000);
	return vigil_fail_errno(err, -ret, "registers of vCPU %u", vcpu);
}

/*
 * -EAGAIN: there are vCPUs that run, but none of them led to a kernel;
 * -EOPNOTSUPP: to one that isn't supported; -ETIMEDOUT: none runs.
 */
static int try_vcpus(struct vigil_finder *finder, struct vigil_err *err)
{
	int ret, none = -ETIMEDOUT;
	struct vigil_regs regs;
	unsigned int vcpu;

	for (vcpu = 0; vcpu < VCPUS_MAX; vcpu++) {
		ret = read_regs(finder, vcpu, &regs);
		if (ret == -ENOENT && vcpu)
			break;
		if (ret && ret != -ETIMEDOUT)
			return fail_regs(err, vcpu, ret);
		/* one that runs tells more */
		if (ret && none == -ETIMEDOUT)
			fail_regs(err, vcpu, ret);
		if (ret)
			continue;
		none = -EAGAIN;
		ret = load_kernel(finder, &regs, err);
		if (!ret || ret == -EOPNOTSUPP)
			return ret;
	}
	return none;
}

static int find_image(struct vigil_finder *finder, struct vigil_err *err)
{
	int ret = -EAGAIN, try;

	for (try = 0; try < REGS_TRIES && ret == -EAGAIN; try++)
		ret = try_vcpus(finder, err);
	return ret ? -err->code : 0;
}

/* The kernel's banner ends with a newline, a profile's doesn't. */
static int copy_banner(const struct vigil_finder *finder,
		       struct vigil_profile *profile, struct vigil_err *err)
{
	uint64_t addr;
	const char *s;
	size_t len;

	if (vigil_finder_symbol(finder, "linux_banner", &addr, err))
		return -err->code;
	s = vigil_image_at(&finder->image, addr, sizeof(profile->banner));
	if (!s || strncmp(s, BANNER, strlen(BANNER)))
		return vigil_fail(err, EBADMSG,
				  "the symbol linux_banner (0x%llx) is no banner",
				  (unsigned long long)addr);
	for (len = 0; len < sizeof(profile->banner) - 1; len++) {
		if (s[len] < 0x20 || s[len] > 0x7e)
			break;
	}
	memcpy(profile->banner, s, len);
	profile->banner[len] = '\0';
	return 0;
}

static int open_btf(struct vigil_finder *finder, uint64_t *size,
		    struct vigil_err *err)
{
	const void *data = NULL;
	uint64_t start, stop;

	if (vigil_finder_symbol(finder, "__start_BTF", &start, err) ||
	    vigil_finder_symbol(finder, "__stop_BTF", &stop, err))
		return -err->code;
	*size = stop - start;
	if (stop > start && *size <= VIGIL_BTF_MAX)
		data = vigil_image_at(&finder->image, start, *size);
	if (!data)
		return vigil_fail(err, EBADMSG,
				  "the kernel's type information (BTF) from 0x%llx to 0x%llx is not in its image",
				  (unsigned long long)start,
				  (unsigned long long)stop);
	finder->btf = vigil_btf_open(data, *size, err);
	return finder->btf ? 0 : -err->code;
}

/* What the module will read by the new profile must be the same kernel. */
static int check_root(const struct vigil_finder *finder,
		      const struct vigil_profile *profile,
		      struct vigil_err *err)
{
	char banner[sizeof(profile->banner)] = "";
	size_t len = strlen(profile->banner);
	struct vigil_virt virt = {
		.root = profile->value[VIGIL_PROFILE_FIELD_KERNEL_ROOT],
		.buf = (uintptr_t)banner,
		.len = len,
		.levels = finder->levels,
	};
	uint64_t addr;

	if (vigil_finder_symbol(finder, "linux_banner", &addr, err))
		return -err->code;
	virt.addr = addr;
	if (finder->guest->ops->virt(finder->guest, &virt) ||
	    virt.len != len || memcmp(banner, profile->banner, len))
		return vigil_fail(err, EBADMSG,
				  "the kernel's page table at 0x%llx does not map the kernel",
				  (unsigned long long)virt.root);
	return 0;
}

static int find_in_image(struct vigil_finder *finder,
			 struct vigil_profile *profile,
			 struct vigil_findings *findings, struct vigil_err *err)
{
	struct vigil_kallsyms ks;
	int ret;

	findings->base = finder->image.start;
	findings->size = finder->image.size;
	ret = vigil_kallsyms_find(&ks, &finder->image, err);
	if (ret)
		return ret;
	findings->symbols = ks.count;
	vigil_finder_lookup(finder, &ks);
	ret = copy_banner(finder, profile, err);
	if (!ret)
		ret = open_btf(finder, &findings->btf, err);
	if (!ret)
		ret = vigil_finder_fields(finder, profile, err);
	if (!ret)
		ret = check_root(finder, profile, err);
	vigil_btf_close(finder->btf);
	return ret;
}

/* EINVAL is kept for the symbol file; this is the guest or the kernel. */
static int not_the_file(int ret, struct vigil_err *err)
{
	if (ret != -EINVAL)
		return ret;
	err->code = EIO;
	return -EIO;
}

int vigil_profile_find(struct vigil_profile *profile,
		       struct vigil_findings *findings,
		       struct vigil_guest *guest, const struct vigil_isf *isf,
		       struct vigil_err *err)
{
	struct vigil_finder finder = { .guest = guest };
	int ret;

	memset(profile, 0, sizeof(*profile));
	memset(findings, 0, sizeof(*findings));
	ret = find_image(&finder, err);
	if (ret)
		return not_the_file(ret, err);
	if (finder.windows)
		return vigil_winfind_profile(&finder.win, isf, profile,
					     findings, err);
	if (isf)
		ret = vigil_fail(err, EINVAL,
				 "the guest runs Linux: it needs no symbol file");
	else
		ret = not_the_file(find_in_image(&finder, profile, findings, err),
				   err);
	vigil_image_free(&finder.image);
	return ret;
}
