// SPDX-License-Identifier: GPL-2.0
/*
 * The VM: memory, vCPUs and their threads.  A vCPU idles (guest_idle) at a set
 * rate; between two rounds it runs what it is asked to (struct call).
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "winguest.h"

#define CPUID_ENTRIES	256
#define KICK		SIGUSR1

static int xioctl(int fd, unsigned long request, void *arg, const char *what)
{
	int r = ioctl(fd, request, arg);

	if (r < 0)
		err(1, "%s", what);
	return r;
}

const struct kvm_cpuid_entry2 *machine_cpuid(struct machine *m, uint32_t function)
{
	static const struct kvm_cpuid_entry2 none;
	uint32_t i;

	for (i = 0; i < m->cpuid->nent; i++)
		if (m->cpuid->entries[i].function == function && !m->cpuid->entries[i].index)
			return &m->cpuid->entries[i];
	return &none;
}

static void get_cpuid(struct machine *m)
{
	m->cpuid = calloc(1, sizeof(*m->cpuid) + CPUID_ENTRIES * sizeof(m->cpuid->entries[0]));
	if (!m->cpuid)
		err(1, "cpuid");
	m->cpuid->nent = CPUID_ENTRIES;
	xioctl(m->kvm, KVM_GET_SUPPORTED_CPUID, m->cpuid, "KVM_GET_SUPPORTED_CPUID");
}

bool machine_has_avx(struct machine *m, bool avx512)
{
	bool avx = machine_cpuid(m, 1)->ecx & 1 << 28;

	return avx512 ? avx && machine_cpuid(m, 7)->ebx & 1 << 16 : avx;
}

static void add_vcpu(struct machine *m, unsigned int index)
{
	int size = xioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, NULL, "KVM_GET_VCPU_MMAP_SIZE");
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct vcpu *vcpu = &m->vcpu[index];

	vcpu->machine = m;
	vcpu->index = index;
	vcpu->fd = xioctl(m->fd, KVM_CREATE_VCPU, (void *)(long)index, "KVM_CREATE_VCPU");
	vcpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		err(1, "vcpu");
	xioctl(vcpu->fd, KVM_SET_CPUID2, m->cpuid, "KVM_SET_CPUID2");
	xioctl(vcpu->fd, KVM_SET_MP_STATE, &state, "KVM_SET_MP_STATE");
	xioctl(vcpu->fd, KVM_GET_SREGS, &vcpu->sregs, "KVM_GET_SREGS");
}

void machine_new(struct machine *m, unsigned int vcpus, uint64_t ram_size)
{
	struct kvm_userspace_memory_region region = { .memory_size = ram_size };
	unsigned int i;

	m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (m->kvm < 0)
		err(1, "/dev/kvm");
	m->fd = xioctl(m->kvm, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
	/* Intel wants a place for real mode's TSS. */
	xioctl(m->fd, KVM_SET_TSS_ADDR, (void *)0xfffbd000, "KVM_SET_TSS_ADDR");
	xioctl(m->fd, KVM_CREATE_IRQCHIP, NULL, "KVM_CREATE_IRQCHIP");
	m->ram_size = ram_size;
	m->next_page = 0x100000;
	m->ram = mmap(NULL, ram_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->ram == MAP_FAILED)
		err(1, "guest memory");
	region.userspace_addr = (uintptr_t)m->ram;
	xioctl(m->fd, KVM_SET_USER_MEMORY_REGION, &region, "memory slot");
	get_cpuid(m);
	m->vcpus = vcpus;
	for (i = 0; i < vcpus; i++)
		add_vcpu(m, i);
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->changed, NULL);
}

/* Physical pages in a row, zero; they are never given back */
uint64_t machine_page(struct machine *m, unsigned int count)
{
	uint64_t gpa = m->next_page;

	m->next_page += count * PAGE;
	if (m->next_page > m->ram_size)
		errx(1, "the guest's memory is full");
	return gpa;
}

void machine_set_msr(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { .head.nmsrs = 1, .entry = { .index = msr, .data = value } };

	if (xioctl(vcpu->fd, KVM_SET_MSRS, &msrs, "KVM_SET_MSRS") != 1)
		errx(1, "MSR %#x cannot be set", msr);
}

static void set_xcr0(struct vcpu *vcpu)
{
	struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs[0].value = 3 };

	if (!machine_has_avx(vcpu->machine, false))
		return;
	xcrs.xcrs[0].value |= 4;
	if (machine_has_avx(vcpu->machine, true))
		xcrs.xcrs[0].value |= 0xe0;
	xioctl(vcpu->fd, KVM_SET_XCRS, &xcrs, "KVM_SET_XCRS");
}

/* Takes vcpu->sregs and vcpu->regs for where it starts and comes back to. */
void machine_set_cpu(struct vcpu *vcpu)
{
	xioctl(vcpu->fd, KVM_SET_SREGS, &vcpu->sregs, "KVM_SET_SREGS");
	xioctl(vcpu->fd, KVM_SET_REGS, &vcpu->regs, "KVM_SET_REGS");
	set_xcr0(vcpu);
}

/* --- a vCPU's thread ---------------------------------------------------------- */

static void broken(struct vcpu *vcpu, const char *why, uint64_t what)
{
	pthread_mutex_lock(&vcpu->machine->lock);
	snprintf(vcpu->why, sizeof(vcpu->why), "%s %llu", why, (unsigned long long)what);
	vcpu->broken = true;
	pthread_mutex_unlock(&vcpu->machine->lock);
}

/* Until the guest says something; the port, or -1 and the vCPU is broken */
static int enter(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	if (ioctl(vcpu->fd, KVM_RUN, NULL) < 0) {
		broken(vcpu, errno == EINTR ? "timeout, errno" : "KVM_RUN, errno", errno);
		return -1;
	}
	if (run->exit_reason == KVM_EXIT_IO)
		return run->io.port;
	broken(vcpu, "KVM exit", run->exit_reason);
	return -1;
}

/* KVM ends an instruction that came out to us when it is entered again. */
static void end_instruction(struct vcpu *vcpu)
{
	vcpu->run->immediate_exit = 1;
	ioctl(vcpu->fd, KVM_RUN, NULL);
	vcpu->run->immediate_exit = 0;
}

static void idle_round(struct vcpu *vcpu)
{
	struct kvm_regs regs;
	int port = enter(vcpu);

	if (port < 0 || port == PORT_IDLE)
		return;
	xioctl(vcpu->fd, KVM_GET_REGS, &regs, "KVM_GET_REGS");
	broken(vcpu, port == PORT_FAULT ? "idle fault" : "idle port", regs.rax);
}

static void run_call(struct vcpu *vcpu, struct call *call)
{
	struct kvm_sregs sregs;
	int port;

	end_instruction(vcpu);
	xioctl(vcpu->fd, KVM_GET_REGS, &vcpu->regs, "KVM_GET_REGS");
	call->regs.rsp = vcpu->stack;
	call->regs.rflags = RFLAGS;
	xioctl(vcpu->fd, KVM_SET_REGS, &call->regs, "KVM_SET_REGS");
	port = enter(vcpu);
	if (port < 0)
		return;
	end_instruction(vcpu);
	xioctl(vcpu->fd, KVM_GET_REGS, &call->regs, "KVM_GET_REGS");
	xioctl(vcpu->fd, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	call->cr2 = sregs.cr2;
	call->outcome = port == PORT_DONE ? CALL_DONE : CALL_FAULT;
	xioctl(vcpu->fd, KVM_SET_REGS, &vcpu->regs, "KVM_SET_REGS");
}

static struct timespec later(struct timespec from, uint64_t ns)
{
	ns += from.tv_nsec;
	from.tv_sec += ns / 1000000000;
	from.tv_nsec = ns % 1000000000;
	return from;
}

static bool before(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

static struct timespec now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	struct machine *m = vcpu->machine;
	struct timespec next = now();
	struct call *call;
	bool held;

	pthread_mutex_lock(&m->lock);
	for (;;) {
		call = vcpu->call;
		held = !call && (m->hold || !m->rate || vcpu->broken);
		if (held && !vcpu->held)
			pthread_cond_broadcast(&m->changed);
		vcpu->held = held;
		if (call) {
			pthread_mutex_unlock(&m->lock);
			run_call(vcpu, call);
			pthread_mutex_lock(&m->lock);
			vcpu->call = NULL;
			pthread_cond_broadcast(&m->changed);
		} else if (held) {
			pthread_cond_wait(&m->changed, &m->lock);
		} else if (before(now(), next)) {
			pthread_cond_timedwait(&m->changed, &m->lock, &next);
		} else {
			next = later(now(), 1000000000 / m->rate);
			pthread_mutex_unlock(&m->lock);
			idle_round(vcpu);
			pthread_mutex_lock(&m->lock);
		}
	}
	return NULL;
}

static void kicked(int signal)
{
	(void)signal;
}

void machine_start(struct machine *m)
{
	struct sigaction action = { .sa_handler = kicked };
	unsigned int i;

	sigaction(KICK, &action, NULL);
	for (i = 0; i < m->vcpus; i++)
		if (pthread_create(&m->vcpu[i].thread, NULL, vcpu_thread, &m->vcpu[i]))
			errx(1, "thread");
}

/* --- from outside ------------------------------------------------------------- */

/* Under the lock; false when it took too long. */
static bool wait_until(struct machine *m, bool (*true_for)(struct vcpu *), struct vcpu *vcpu)
{
	struct timespec end = later(now(), m->timeout * 1000000000ull);

	while (!true_for(vcpu))
		if (pthread_cond_timedwait(&m->changed, &m->lock, &end) == ETIMEDOUT)
			return true_for(vcpu);
	return true;
}

static bool is_held(struct vcpu *vcpu)
{
	return vcpu->held;
}

static bool is_answered(struct vcpu *vcpu)
{
	return !vcpu->call;
}

/* It comes out of the guest, whatever it does there. */
static void kick(struct vcpu *vcpu)
{
	vcpu->run->immediate_exit = 1;
	pthread_kill(vcpu->thread, KICK);
}

void machine_post(struct vcpu *vcpu, struct call *call)
{
	struct machine *m = vcpu->machine;

	pthread_mutex_lock(&m->lock);
	call->outcome = CALL_BROKEN;
	if (!vcpu->broken)
		vcpu->call = call;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
}

void machine_wait(struct vcpu *vcpu)
{
	struct machine *m = vcpu->machine;

	pthread_mutex_lock(&m->lock);
	if (!wait_until(m, is_answered, vcpu)) {
		kick(vcpu);
		wait_until(m, is_answered, vcpu);
	}
	pthread_mutex_unlock(&m->lock);
}

void machine_call(struct vcpu *vcpu, struct call *call)
{
	machine_post(vcpu, call);
	machine_wait(vcpu);
}

bool machine_hold(struct machine *m)
{
	bool good = true;
	unsigned int i;

	pthread_mutex_lock(&m->lock);
	m->hold = true;
	pthread_cond_broadcast(&m->changed);
	for (i = 0; i < m->vcpus; i++) {
		if (wait_until(m, is_held, &m->vcpu[i]))
			continue;
		kick(&m->vcpu[i]);
		good = false;
	}
	pthread_mutex_unlock(&m->lock);
	return good;
}

void machine_go_on(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	m->hold = false;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
}
