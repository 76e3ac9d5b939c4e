// SPDX-License-Identifier: GPL-2.0
/* Memory and vCPUs as Windows has them once it is up. */
#include <err.h>
#include <string.h>

#include "image.h"
#include "winguest.h"

#define IMAGE_SLOT	0xfffff80000000000ull
#define SHARED_DATA	0xfffff78000000000ull	/* KUSER_SHARED_DATA */
#define PCR_BASE	0xfffff87000000000ull

/* Of each vCPU, mapped in all tables */
#define CPU_GDT		(PCR_PAGES * PAGE)
#define CPU_IDT		(CPU_GDT + PAGE)
#define CPU_TSS		(CPU_IDT + PAGE)
#define CPU_STACK	(CPU_TSS + PAGE)
#define CPU_SCRATCH	(CPU_STACK + PAGE)
#define CPU_SIZE	(CPU_SCRATCH + PAGE)

#define POOL_PAGES	1240u
#define USER_TEB	0x140002000

#define CR4_PAE		BIT(5)
#define CR4_OSFXSR	(BIT(9) | BIT(10))
#define CR4_LA57	BIT(12)
#define CR4_VMXE	BIT(13)
#define CR4_OSXSAVE	BIT(18)
#define CR4_SMEP	BIT(20)
#define EFER		0xd01u	/* NXE, LMA, LME, SCE */
#define EFER_SVME	BIT(12)

#define MSR_STAR	0xc0000081
#define MSR_LSTAR	0xc0000082
#define MSR_SFMASK	0xc0000084
#define MSR_KERNEL_GS	0xc0000102

/* A slot of the kernel half that nothing else is in */
static unsigned int free_slot(struct winguest *g, unsigned int other)
{
	unsigned int slot;

	do {
		slot = 256 + next_random(g) % 230;
	} while (slot == g->slot || slot == other);
	return slot;
}

/* Kernel addresses look the same with four and five levels. */
static uint64_t kernel_address(unsigned int slot)
{
	return 0xffff000000000000ull | (uint64_t)slot << 39;
}

static void choose_addresses(struct winguest *g)
{
	unsigned int image = top_slot(g, IMAGE_SLOT), shared = top_slot(g, SHARED_DATA);
	unsigned int pool, window;

	if (!g->slot) {
		do {
			g->slot = 256 + next_random(g) % 256;
		} while (g->slot == image || g->slot == shared);
	}
	if (g->slot == image || g->slot == shared)
		errx(2, "slot %u is where the kernel's image is", g->slot);
	pool = free_slot(g, 0);
	window = free_slot(g, pool);
	g->image = IMAGE_SLOT + 0x1000000 + next_random(g) % 0x40000 * PAGE;
	g->pool = kernel_address(pool);
	g->window = kernel_address(window);
}

static void map_kernel(struct winguest *g)
{
	uint64_t at;
	unsigned int i;

	g->system_top = machine_page(&g->machine, 1);
	g->shadow_top = machine_page(&g->machine, 1);
	g->image_gpa = machine_page(&g->machine, IMAGE_SIZE / PAGE);
	g->pool_gpa = machine_page(&g->machine, POOL_PAGES);
	for (i = 0; i < POOL_PAGES; i++)
		map_page(g, g->system_top, g->pool + i * PAGE,
			 (g->pool_gpa + (POOL_PAGES - 1 - i) * PAGE) | PTE_KERNEL | PTE_NX);
	/* a page of a device that is gone */
	g->outside = g->pool + POOL_PAGES * PAGE;
	map_page(g, g->system_top, g->outside, 0x100000000 | PTE_KERNEL | PTE_NX);
	for (at = 0; at < g->machine.ram_size; at += 0x200000)
		map_large(g, g->system_top, g->window + at, at | PTE_KERNEL | PTE_NX);
	g->frames = machine_page(&g->machine, 16);
	g->fake = machine_page(&g->machine, 1);
}

static void map_shared_data(struct winguest *g)
{
	uint64_t page = machine_page(&g->machine, 1);

	map_page(g, g->system_top, SHARED_DATA, page | PTE_P | PTE_A | PTE_NX);
	kva_put32(g, SHARED_DATA + 0x260, g->build.version[2]);
	kva_put32(g, SHARED_DATA + 0x26c, g->build.version[0]);
	kva_put32(g, SHARED_DATA + 0x270, g->build.version[1]);
}

static void map_user(struct winguest *g)
{
	uint64_t top = machine_page(&g->machine, 1);
	uint64_t code = machine_page(&g->machine, 1), data = machine_page(&g->machine, 1);

	map_page(g, top, USER_CODE, code | PTE_P | PTE_US | PTE_A);
	map_page(g, top, USER_STACK - PAGE, data | PTE_USER | PTE_NX);
	memcpy(gpa_to_host(g, code), user_code, user_code_end - user_code);
	g->user_half = *(uint64_t *)gpa_to_host(g, top);
}

static void map_cpu(struct winguest *g, unsigned int cpu)
{
	uint64_t gpa = machine_page(&g->machine, CPU_SIZE / PAGE), at;

	g->pcr[cpu] = PCR_BASE + cpu * 0x40000;
	for (at = 0; at < CPU_SIZE; at += PAGE) {
		map_page(g, g->system_top, g->pcr[cpu] + at, (gpa + at) | PTE_KERNEL | PTE_NX);
		if (g->shadow)
			map_page(g, g->shadow_top, g->pcr[cpu] + at,
				 (gpa + at) | PTE_KERNEL | PTE_NX);
	}
}

/* --- a processor ---------------------------------------------------------------- */

static void put_gates(struct winguest *g, uint64_t idt)
{
	unsigned int i, dpl;
	uint64_t gate;

	for (i = 0; i < 32; i++) {
		gate = GUEST(g, guest_gates) + i * 16;
		dpl = i == 3 || i == 4 ? 3 : 0;
		kva_put64(g, idt + i * 16, (gate & 0xffff) | KERNEL_CS << 16 |
			  (0x8e00ull | dpl << 13) << 32 | (gate >> 16 & 0xffff) << 48);
		kva_put64(g, idt + i * 16 + 8, gate >> 32);
	}
}

static void put_segments(struct winguest *g, uint64_t gdt, uint64_t tss)
{
	kva_put64(g, gdt + 0x10, 0x00209b0000000000);	/* kernel code */
	kva_put64(g, gdt + 0x18, 0x00409300000000ff);	/* and data */
	kva_put64(g, gdt + 0x20, 0x00cffb000000ffff);	/* user code, 32 bit */
	kva_put64(g, gdt + 0x28, 0x00cff3000000ffff);	/* data */
	kva_put64(g, gdt + 0x30, 0x0020fb0000000000);	/* code */
	kva_put64(g, gdt + TSS_SELECTOR, 0x67 | (tss & 0xffffff) << 16 | 0x8bull << 40 |
		  (tss >> 24 & 0xff) << 56);
	kva_put64(g, gdt + TSS_SELECTOR + 8, tss >> 32);
}

static void put_pcr(struct winguest *g, unsigned int cpu)
{
	uint64_t pcr = g->pcr[cpu], prcb = pcr + g->build.field[F_PRCB];
	uint64_t thread = g->idle_thread + cpu * IMAGE_IDLE_THREAD_SIZE;

	kva_put64(g, pcr, pcr + CPU_GDT);
	kva_put64(g, pcr + 8, pcr + CPU_TSS);
	kva_put64(g, pcr + PCR_SELF, pcr);
	kva_put64(g, pcr + PCR_CURRENT_PRCB, prcb);
	kva_put64(g, pcr + PCR_IDT, pcr + CPU_IDT);
	kva_put64(g, prcb + g->build.field[F_CURRENT_THREAD], thread);
	kva_put64(g, prcb + g->build.field[F_IDLE_THREAD], thread);
	kva_put64(g, pcr + PCR_RSP_BASE, pcr + CPU_STACK + PAGE);
	kva_put64(g, pcr + PCR_KERNEL_RSP, pcr + CPU_STACK + PAGE);
	kva_put64(g, pcr + PCR_KERNEL_CR3, cr3_image(g, process_by_pid(g, 4), KERNEL_TABLE));
	kva_put32(g, pcr + PCR_SHADOW_FLAGS, PCR_NO_SHADOW);
	/* RSP0; it is four bytes off from where it could be stored as a whole */
	kva_write(g, pcr + CPU_TSS + 4, &(uint64_t){ pcr + CPU_STACK + PAGE }, 8);
}

static struct kvm_segment segment(uint16_t selector, uint8_t type, bool code)
{
	return (struct kvm_segment){
		.limit = 0xffffffff, .selector = selector, .type = type,
		.present = 1, .s = 1, .g = 1, .db = !code, .l = code,
	};
}

static void set_control(struct winguest *g, struct kvm_sregs *sregs)
{
	struct machine *m = &g->machine;
	bool amd = machine_cpuid(m, 0)->ecx == 0x444d4163;

	sregs->cr0 = 0x80050033;
	sregs->cr3 = cr3_image(g, process_by_pid(g, 4), KERNEL_TABLE);
	sregs->cr4 = CR4_PAE | CR4_OSFXSR | (g->la57 ? CR4_LA57 : 0);
	sregs->efer = EFER;
	if (machine_has_avx(m, false))
		sregs->cr4 |= CR4_OSXSAVE;
	if (machine_cpuid(m, 7)->ebx & 1 << 7)
		sregs->cr4 |= CR4_SMEP;
	if (g->vbs && amd)
		sregs->efer |= EFER_SVME;
	else if (g->vbs)
		sregs->cr4 |= CR4_VMXE;
}

static void set_cpu(struct winguest *g, struct vcpu *vcpu)
{
	uint64_t pcr = g->pcr[vcpu->index];
	struct kvm_sregs *s = &vcpu->sregs;

	set_control(g, s);
	s->cs = segment(KERNEL_CS, 11, true);
	s->ss = segment(0x18, 3, false);
	s->ds = segment(USER_DS, 3, false);
	s->ds.dpl = 3;
	s->es = s->ds;
	s->fs = s->ds;
	s->gs = s->ds;
	s->gs.base = pcr;
	s->tr = (struct kvm_segment){ .base = pcr + CPU_TSS, .limit = 0x67, .type = 11,
				      .selector = TSS_SELECTOR, .present = 1 };
	s->gdt.base = pcr + CPU_GDT;
	s->gdt.limit = TSS_SELECTOR + 15;
	s->idt.base = pcr + CPU_IDT;
	s->idt.limit = 0xfff;
	vcpu->stack = pcr + CPU_STACK + PAGE;
	vcpu->scratch = pcr + CPU_SCRATCH;
	vcpu->regs = (struct kvm_regs){ .rip = GUEST(g, guest_idle), .rflags = RFLAGS,
					.rsp = vcpu->stack, .rdi = g->queue };
	machine_set_cpu(vcpu);
	machine_set_msr(vcpu, MSR_STAR, 0x0023001000000000);
	machine_set_msr(vcpu, MSR_LSTAR, g->shadow ? GUEST(g, guest_syscall_shadow) :
			GUEST(g, guest_syscall));
	machine_set_msr(vcpu, MSR_SFMASK, 0x4700);
	machine_set_msr(vcpu, MSR_KERNEL_GS, USER_TEB);
}

/* --- processes ------------------------------------------------------------------ */

static const char *const names[] = {
	"Registry", "smss.exe", "csrss.exe", "wininit.exe", "winlogon.exe", "services.exe",
	"lsass.exe", "svchost.exe", "fontdrvhost.exe", "dwm.exe", "MsMpEng.exe",
	"spoolsv.exe", "explorer.exe", "SearchIndexer.exe", "sihost.exe",
};

static void put_idle(struct winguest *g)
{
	struct process idle = { .name = "Idle", .eprocess = g->idle_process };
	unsigned int i;

	/* it runs on System's tables */
	idle.table[KERNEL_TABLE] = g->system_top;
	for (i = 0; i < g->machine.vcpus; i++) {
		idle.kthread = g->idle_thread + i * IMAGE_IDLE_THREAD_SIZE;
		process_put(g, &idle);
	}
}

static void put_processes(struct winguest *g)
{
	unsigned int i, count = ARRAY_SIZE(names);
	struct process *p;

	for (i = 0; i < g->processes; i++) {
		p = process_add(g, 4 + i * 4 * (i < 4 ? 23 : 25),
				i ? names[(i - 1) % count] : "System");
		p->table[KERNEL_TABLE] = i ? table_new(g) : g->system_top;
		if (i && g->shadow)
			p->table[USER_TABLE] = table_new(g);
		table_init(g, p, KERNEL_TABLE);
		if (p->table[USER_TABLE])
			table_init(g, p, USER_TABLE);
		process_put(g, p);
		process_link(g, p);
		p->ready = true;
	}
	kva_put64(g, g->image + IMAGE_SYSTEM_PROCESS, g->process[0].eprocess);
}

void layout(struct winguest *g)
{
	unsigned int i;

	choose_addresses(g);
	map_kernel(g);
	map_shared_data(g);
	map_user(g);
	for (i = 0; i < g->machine.vcpus; i++)
		map_cpu(g, i);
	image_put(g);
	put_processes(g);
	put_idle(g);
	for (i = 0; i < g->machine.vcpus; i++) {
		put_gates(g, g->pcr[i] + CPU_IDT);
		put_segments(g, g->pcr[i] + CPU_GDT, g->pcr[i] + CPU_TSS);
		put_pcr(g, i);
		set_cpu(g, &g->machine.vcpu[i]);
	}
	process_queue(g);
	kva_put64(g, g->queue + QUEUE_BATCH, g->batch);
}
