// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../selftests/winguest/winguest.h"
#include "fake_guest.h"
#include "fake_windows.h"

#define MEMORY	(32UL << 20)

#define MSR_KERNEL_GS	0xc0000102
#define MSR_LSTAR	0xc0000082

/* --- what the layout takes from the machine ----------------------------------- */

static uint64_t lstar;

uint64_t next_random(struct winguest *g)
{
	g->random = g->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return g->random ^ g->random >> 29;
}

uint64_t machine_page(struct machine *m, unsigned int count)
{
	uint64_t page = m->next_page;

	m->next_page += count * PAGE;
	if (m->next_page > m->ram_size)
		abort();
	return page;
}

const struct kvm_cpuid_entry2 *machine_cpuid(struct machine *m, uint32_t function)
{
	static const struct kvm_cpuid_entry2 amd = { .ecx = 0x444d4163 };

	(void)m;
	(void)function;
	return &amd;
}

bool machine_has_avx(struct machine *m, bool avx512)
{
	(void)m;
	return avx512 && false;
}

void machine_set_cpu(struct vcpu *vcpu)
{
	(void)vcpu;
}

void machine_set_msr(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	(void)vcpu;
	if (msr == MSR_LSTAR)
		lstar = value;
}

/* --- the guest ---------------------------------------------------------------- */

static ssize_t fake_read(struct vigil_guest *guest, uint64_t gpa, void *buf,
			 size_t len)
{
	struct fake_windows *fake = (struct fake_windows *)guest;

	if (gpa >= fake->size)
		return -EFAULT;
	if (len > fake->size - gpa)
		len = fake->size - gpa;
	memcpy(buf, fake->memory + gpa, len);
	return len;
}

static int fake_regs(struct vigil_guest *guest, struct vigil_regs *regs)
{
	struct fake_windows *fake = (struct fake_windows *)guest;

	if (regs->vcpu)
		return -ENOENT;
	*regs = fake->regs;
	return 0;
}

static const struct vigil_guest_ops fake_ops = {
	.read = fake_read,
	.virt = fake_guest_virt,
	.regs = fake_regs,
};

static void set_regs(struct fake_windows *fake)
{
	const struct kvm_sregs *s = &fake->g->machine.vcpu[0].sregs;

	fake->regs = (struct vigil_regs){
		.rip = fake->g->code, .cr0 = s->cr0, .cr3 = s->cr3,
		.cr4 = s->cr4, .efer = s->efer, .lstar = lstar,
		.gs_base = s->gs.base, .kernel_gs_base = 0x7ff000000000,
		.idt_base = s->idt.base,
	};
}

bool fake_windows_load(struct fake_windows *fake,
		       const struct fake_windows_options *options)
{
	struct winguest *g = calloc(1, sizeof(*g));

	memset(fake, 0, sizeof(*fake));
	g->la57 = options->la57;
	g->shadow = options->shadow;
	g->vbs = options->vbs;
	g->slot = options->slot;
	g->random = 0x123456789abcdefULL;
	g->processes = 12;
	g->machine.vcpus = 1;
	g->machine.ram_size = MEMORY;
	g->machine.next_page = PAGE;
	g->machine.ram = calloc(1, MEMORY);
	fake->g = g;
	fake->memory = g->machine.ram;
	fake->size = MEMORY;
	fake->guest.ops = &fake_ops;
	if (build_find(&g->build, options->build, options->csv))
		return false;
	if (!g->build.field[F_USER_DTB])
		g->shadow = false;
	layout(g);
	set_regs(fake);
	fake->image = g->image;
	fake->head = g->head;
	fake->slot = g->slot;
	fake->root = g->process[0].table[KERNEL_TABLE];
	fake->user_cr3 = g->shadow ? cr3_image(g, &g->process[2], USER_TABLE) :
				     0;
	fake->pdb_id = g->guid;
	fake->processes = g->processes;
	return true;
}

void fake_windows_free(struct fake_windows *fake)
{
	free(fake->memory);
	free(fake->g);
}

void fake_windows_enter_user(struct fake_windows *fake)
{
	struct winguest *g = fake->g;

	fake->regs.cpl = 3;
	fake->regs.rip = USER_CODE;
	fake->regs.kernel_gs_base = fake->regs.gs_base;
	fake->regs.gs_base = 0x7ff000000000;
	fake->regs.cr3 = cr3_image(g, &g->process[2],
				   g->shadow ? USER_TABLE : KERNEL_TABLE);
}

bool fake_windows_corrupt(struct fake_windows *fake, const char *kind)
{
	return process_corrupt(fake->g, kind);
}

void *fake_windows_at(struct fake_windows *fake, uint64_t addr)
{
	return kva_to_host(fake->g, addr);
}
