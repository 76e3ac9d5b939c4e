// SPDX-License-Identifier: GPL-2.0
/*
 * ntoskrnl by a vCPU's registers: LSTAR or the IDT lead into it, and its start is
 * below.
 *
 * With KVA shadow they lead to stubs of it that load the kernel's page tables
 * first.  If the vCPU runs on those of user mode, which map little more than the
 * stubs, the kernel's are found where the stub takes them from.
 */
#include <errno.h>
#include <string.h>

#include "windows.h"

#define CR0_PG		(1ULL << 31)
#define CR4_LA57	(1ULL << 12)
#define CR4_VMXE	(1ULL << 13)
#define EFER_LMA	(1ULL << 10)
#define EFER_SVME	(1ULL << 12)
#define CR3_ADDRESS	0x000ffffffffff000ULL

#define STUB_SIZE	64
#define PCR_MAX		0x10000

#define KUSER_SHARED_DATA	0xfffff78000000000ULL
#define KUSER_BUILD	0x260
#define KUSER_MAJOR	0x26c
#define KUSER_MINOR	0x270

/* Names of the kernel's symbol file, the last with 5 levels of page tables. */
static const char *const kernel_pdbs[] = {
	"ntkrnlmp.pdb", "ntoskrnl.pdb", "ntkrla57.pdb",
};

/* Of Hyper-V on Intel and AMD, and of the secure kernel. */
static const char *const vbs_pdbs[] = {
	"hvix64.pdb", "hvax64.pdb", "securekernel.pdb", "securekernella57.pdb",
};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!strcasecmp(name, names[i]))
			return true;
	}
	return false;
}

#define IS_ONE_OF(name, names) \
	is_one_of(name, names, sizeof(names) / sizeof(names[0]))

/*
 * mov reg, gs:[disp32] ... mov cr3, reg with the same register: the offset from
 * the KPCR of what the stub loads; 0: it loads none.
 */
static uint32_t stub_offset(const uint8_t *stub)
{
	static const uint8_t load[] = { 0x65, 0x48, 0x8b };
	static const uint8_t set[] = { 0x0f, 0x22 };
	uint32_t disp = 0;
	int reg = -1;
	unsigned int i;

	for (i = 0; i + 9 <= STUB_SIZE; i++) {
		if (!memcmp(stub + i, load, sizeof(load)) &&
		    (stub[i + 3] & 0xc7) == 4 && stub[i + 4] == 0x25) {
			reg = stub[i + 3] >> 3;
			memcpy(&disp, stub + i + 5, sizeof(disp));
		}
		if (!memcmp(stub + i, set, sizeof(set)) &&
		    (stub[i + 2] & 0xf8) == 0xd8 && (stub[i + 2] & 7) == reg)
			return disp < PCR_MAX ? disp : 0;
	}
	return 0;
}

static uint64_t kpcr_of(const struct vigil_regs *regs, unsigned int levels)
{
	if (regs->cpl == 3 || !vigil_is_kernel(regs->gs_base, levels))
		return regs->kernel_gs_base;
	return regs->gs_base;
}

/* The kernel's page table as the stub finds it, 0 if it doesn't look for one. */
static uint64_t shadowed_root(const struct vigil_space *space,
			      const struct vigil_regs *regs, uint64_t entry)
{
	uint8_t stub[STUB_SIZE];
	uint64_t root = 0;
	uint32_t offset;

	if (vigil_virt_read(space, entry, stub, sizeof(stub)))
		return 0;
	offset = stub_offset(stub);
	if (!offset ||
	    vigil_virt_read(space, kpcr_of(regs, space->levels) + offset, &root,
			    sizeof(root)))
		return 0;
	return root & CR3_ADDRESS;
}

static int refuse_vbs(struct vigil_err *err, const char *sign)
{
	return vigil_fail(err, EOPNOTSUPP,
			  "the guest runs a hypervisor of its own (%s): Windows with VBS or HVCI runs nested in it and is not supported",
			  sign);
}

static int check_name(const struct vigil_pe *pe, struct vigil_err *err)
{
	if (IS_ONE_OF(pe->pdb, kernel_pdbs))
		return 0;
	if (IS_ONE_OF(pe->pdb, vbs_pdbs))
		return refuse_vbs(err, pe->pdb);
	return vigil_fail(err, ENOENT,
			  "the image at 0x%llx (%s) is no kernel of Windows",
			  (unsigned long long)pe->base, pe->pdb);
}

static int try_root(struct vigil_winfind *find, struct vigil_space *space,
		    uint64_t root, uint64_t entry, struct vigil_err *err)
{
	int ret;

	space->root = root;
	ret = vigil_pe_find(&find->pe, space, entry, err);
	return ret ? ret : check_name(&find->pe, err);
}

static int find_by_entry(struct vigil_winfind *find, struct vigil_guest *guest,
			 const struct vigil_regs *regs, uint64_t entry,
			 struct vigil_err *err)
{
	struct vigil_space space = {
		.guest = guest,
		.root = regs->cr3,
		.levels = regs->cr4 & CR4_LA57 ? 5 : 4,
	};
	uint64_t root = shadowed_root(&space, regs, entry);

	if (!vigil_is_kernel(entry, space.levels))
		return vigil_fail(err, ENOENT, "0x%llx is no kernel's address",
				  (unsigned long long)entry);
	find->kva_shadow = root;
	if (root && !try_root(find, &space, root, entry, err))
		return 0;
	return try_root(find, &space, regs->cr3, entry, err);
}

/* Where the resources are gone the page that all processes share tells. */
static int find_version(struct vigil_winfind *find, struct vigil_err *err)
{
	uint32_t build, major, minor;

	if (!vigil_pe_version(&find->pe, find->version))
		return 0;
	if (vigil_virt_read(&find->pe.space, KUSER_SHARED_DATA + KUSER_BUILD,
			    &build, sizeof(build)) ||
	    vigil_virt_read(&find->pe.space, KUSER_SHARED_DATA + KUSER_MAJOR,
			    &major, sizeof(major)) ||
	    vigil_virt_read(&find->pe.space, KUSER_SHARED_DATA + KUSER_MINOR,
			    &minor, sizeof(minor)))
		return vigil_fail(err, ENOENT,
				  "the version of the guest's Windows is not found (PDB %s)",
				  find->pe.pdb_id);
	find->version[0] = major;
	find->version[1] = minor;
	find->version[2] = build;
	find->version[3] = VIGIL_REVISION_UNKNOWN;
	return 0;
}

int vigil_winfind_image(struct vigil_winfind *find, struct vigil_guest *guest,
			const struct vigil_regs *regs, uint64_t entry,
			struct vigil_err *err)
{
	int ret;

	if (!(regs->cr0 & CR0_PG) || !(regs->efer & EFER_LMA))
		return vigil_fail(err, ENOENT, "the vCPU isn't in 64-bit mode");
	if (regs->efer & EFER_SVME)
		return refuse_vbs(err, "EFER.SVME is set");
	if (regs->cr4 & CR4_VMXE)
		return refuse_vbs(err, "CR4.VMXE is set");
	ret = find_by_entry(find, guest, regs, entry, err);
	return ret ? ret : find_version(find, err);
}
