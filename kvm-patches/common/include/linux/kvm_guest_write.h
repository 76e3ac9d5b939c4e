/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KVM's own writes to guest memory.  They go through a host mapping, to which
 * SPTEs mean nothing, hence a client that restricts what the guest may execute
 * or write (see arch/x86/include/asm/kvm_clients.h) has to know of them.
 *
 * Without a client on the host each of these is a no-op, patched in.
 */
#ifndef __LINUX_KVM_GUEST_WRITE_H
#define __LINUX_KVM_GUEST_WRITE_H

#include <linux/kvm_types.h>
#include <linux/list.h>
#include <linux/uaccess.h>

struct kvm;
struct kvm_host_map;
struct kvm_vcpu;

/* A write that is under way. */
struct kvm_guest_write {
	struct list_head list;
	gfn_t gfn;
};

#ifdef CONFIG_X86_64
#include <asm/kvm_clients.h>

bool __kvm_guest_write_begin(struct kvm *kvm, struct kvm_guest_write *write, gfn_t gfn);
bool __kvm_guest_write_try_begin(struct kvm *kvm, struct kvm_guest_write *write, gfn_t gfn);
void __kvm_guest_write_end(struct kvm *kvm, struct kvm_guest_write *write);
bool __kvm_guest_write_announce(struct kvm *kvm, gfn_t gfn);
int __kvm_copy_to_guest(struct kvm *kvm, gpa_t gpa, unsigned long hva,
			const void *data, unsigned int len);
#else
static inline bool kvm_has_clients(void) { return false; }
static inline bool __kvm_guest_write_begin(struct kvm *kvm, struct kvm_guest_write *write,
					   gfn_t gfn) { return true; }
static inline bool __kvm_guest_write_try_begin(struct kvm *kvm, struct kvm_guest_write *write,
					       gfn_t gfn) { return true; }
static inline void __kvm_guest_write_end(struct kvm *kvm, struct kvm_guest_write *write) { }
static inline bool __kvm_guest_write_announce(struct kvm *kvm, gfn_t gfn) { return true; }
static inline int __kvm_copy_to_guest(struct kvm *kvm, gpa_t gpa, unsigned long hva,
				      const void *data, unsigned int len) { return -EFAULT; }
#endif

#define __kvm_guest_write(begin, kvm, write, gfn, stmt)				\
do {										\
	if (!kvm_has_clients() || begin(kvm, write, gfn)) {			\
		stmt;								\
		if (kvm_has_clients())						\
			__kvm_guest_write_end(kvm, write);			\
	}									\
} while (0)

/*
 * Do @stmt, which writes to the page @gfn, after the page has lost its grant.
 * Leave it out if the page is watched: its client can't be asked about a write
 * that isn't known beforehand.  @write is the caller's until it is done.  May sleep.
 */
#define kvm_guest_write(kvm, write, gfn, stmt)					\
	__kvm_guest_write(__kvm_guest_write_begin, kvm, write, gfn, stmt)

/* The same in atomic context.  Leaves @stmt out if the page has a grant as well. */
#define kvm_guest_write_atomic(kvm, write, gfn, stmt)				\
	__kvm_guest_write(__kvm_guest_write_try_begin, kvm, write, gfn, stmt)

/*
 * The page is mapped for KVM to write, or it was and is unmapped.  It can be
 * mapped for long, e.g. while a nested guest runs, hence only the ends count.
 * Return false if the page is watched, i.e. must not be mapped.
 */
static inline bool kvm_guest_write_announce(struct kvm *kvm, gfn_t gfn)
{
	return !kvm_has_clients() || __kvm_guest_write_announce(kvm, gfn);
}

int kvm_vcpu_map_readonly(struct kvm_vcpu *vcpu, gfn_t gfn, struct kvm_host_map *map);

/*
 * Write within a page, @gpa is at @hva.  0, or nonzero if that's not possible;
 * also 0 if a client dropped the write.  May sleep.
 */
static inline int kvm_copy_to_guest(struct kvm *kvm, gpa_t gpa, unsigned long hva,
				    const void *data, unsigned int len)
{
	if (kvm_has_clients())
		return __kvm_copy_to_guest(kvm, gpa, hva, data, len);

	return __copy_to_user((void __user *)hva, data, len);
}

#endif /* __LINUX_KVM_GUEST_WRITE_H */
