// SPDX-License-Identifier: GPL-2.0
/*
 * A Linux kernel that consists of the structures that a test put there.
 */

#include <linux/sizes.h>
#include <linux/string.h>

#include "tests/fake.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

/* Where the fake kernel's image and its struct pages lie. */
#define IMAGE_GPA	(16 * SZ_1M)
#define VMEMMAP_GPA	(32 * SZ_1M)
#define PERCPU_GPA	(48 * SZ_1M)

/* Offsets differ from those of any real kernel, and from each other's. */
static const u64 offsets[VIGIL_PROFILE_FIELDS] = {
	[F(SYM_STEXT)] = FAKE_TEXT,
	[F(SYM_ETEXT)] = FAKE_TEXT + 0x100000,
	[F(SYM_SDATA)] = FAKE_DATA,
	[F(SYM_EDATA)] = FAKE_DATA + 0x100000,
	[F(SYM_INIT_TASK)] = FAKE_DATA + 0x2000,
	[F(SYM_INIT_MM)] = FAKE_DATA + 0x4000,
	[F(SYM_SPECIAL_MAPPING_VMOPS)] = FAKE_SPECIAL_OPS,
	[F(SYM_SHMEM_VM_OPS)] = FAKE_SHMEM_OPS,
	[F(SYM_SHMEM_ANON_VM_OPS)] = FAKE_SHMEM_ANON_OPS,
	[F(SYM_SHM_VM_OPS)] = FAKE_SHM_OPS,
	[F(SYM_HUGETLB_VM_OPS)] = FAKE_HUGETLB_OPS,
	[F(SYM_INIT_UTS_NS)] = FAKE_DATA + 0x6000,
	[F(PERCPU_CURRENT)] = 0x40,
	[F(VMEMMAP_BASE)] = FAKE_VMEMMAP,
	[F(PAGE_SIZE)] = 64,
	[F(PAGE_MAPPING)] = 24,
	[F(PAGE_COMPOUND_HEAD)] = 8,
	[F(TASK_FLAGS)] = 20,
	[F(TASK_MM)] = 40,
	[F(TASK_TASKS)] = 64,
	[F(TASK_THREAD_NODE)] = 96,
	[F(TASK_PID)] = 116,
	[F(TASK_TGID)] = 120,
	[F(TASK_COMM)] = 131,
	[F(TASK_REAL_PARENT)] = 152,
	[F(TASK_GROUP_LEADER)] = 160,
	[F(TASK_SIGNAL)] = 176,
	[F(TASK_CRED)] = 184,
	[F(TASK_START_TIME)] = 200,
	[F(TASK_EXIT_STATE)] = 212,
	[F(SIGNAL_THREAD_HEAD)] = 24,
	[F(CRED_UID)] = 4,
	[F(CRED_GID)] = 8,
	[F(MM_MT)] = 64,
	[F(MM_PGD)] = 24,
	[F(MM_MMLIST)] = 96,
	[F(MM_START_CODE)] = 120,
	[F(MM_END_CODE)] = 128,
	[F(MM_START_DATA)] = 136,
	[F(MM_END_DATA)] = 144,
	[F(MM_START_BRK)] = 152,
	[F(MM_BRK)] = 160,
	[F(MM_START_STACK)] = 168,
	[F(MM_EXE_FILE)] = 184,
	[F(MT_ROOT)] = 8,
	[F(VMA_START)] = 0,
	[F(VMA_END)] = 8,
	[F(VMA_MM)] = 16,
	[F(VMA_FLAGS)] = 32,
	[F(VMA_OPS)] = 112,
	[F(VMA_PGOFF)] = 120,
	[F(VMA_FILE)] = 128,
	[F(FILE_INODE)] = 32,
	[F(FILE_MAPPING)] = 48,
	[F(FILE_DENTRY)] = 72,
	[F(FILE_MNT)] = 64,
	[F(INODE_NLINK)] = 76,
	[F(INODE_SB)] = 40,
	[F(SB_MAGIC)] = 96,
	[F(DENTRY_PARENT)] = 24,
	[F(DENTRY_NAME)] = 40,
	[F(DENTRY_NAME_LEN)] = 36,
	[F(VFSMOUNT_ROOT)] = 0,
	[F(MOUNT_MNT)] = 32,
	[F(MOUNT_PARENT)] = 16,
	[F(MOUNT_MOUNTPOINT)] = 24,
	[F(UTS_NAME)] = 4,
	[F(MAPPING_HOST)] = 16,
	[F(MAPPING_WRITABLE)] = 84,
	[F(TASK_SELF_EXEC_ID)] = 216,
	[F(MM_ARG_START)] = 192,
	[F(MM_ARG_END)] = 200,
	[F(MM_MMAP_BASE)] = 208,
	[F(TASK_THREAD_PID)] = 224,
	[F(PID_LEVEL)] = 4,
	[F(PID_NUMBERS)] = 48,
	[F(UPID_SIZE)] = 24,
	[F(UPID_NR)] = 8,
	[F(TASK_CGROUPS)] = 232,
	[F(CSS_SET_DFL_CGRP)] = 88,
	[F(CGROUP_KN)] = 104,
	[F(KERNFS_NAME)] = 56,
	[F(KERNFS_PARENT)] = 32,
};

static const char banner[] =
	"Linux version 6.12.0-fake (nobody@nowhere) #1 SMP Fake 6.12.0-1 (2025)";

static void map_kernel(struct vigil_fake *f, u64 root)
{
	const u64 rw = FAKE_PTE_W | FAKE_PTE_NX;

	vigil_fake_map(f, root, 4, FAKE_DIRECT, 0, 30, rw);
	vigil_fake_map(f, root, 4, FAKE_VMEMMAP, VMEMMAP_GPA, 21, rw);
	vigil_fake_map(f, root, 4, FAKE_TEXT, IMAGE_GPA, 21, 0);
	vigil_fake_map(f, root, 4, FAKE_DATA, IMAGE_GPA + SZ_2M, 21, rw);
}

static void make_uts(struct vigil_fake *f)
{
	const u64 uts = FAKE_DATA + 0x6000 + f->profile.field[F(UTS_NAME)];

	vigil_fake_put(f, uts, "Linux", 6);
	vigil_fake_put(f, uts + 65, "hostname", 9);
	vigil_fake_put(f, uts + 2 * 65, "6.12.0-fake", 12);
	vigil_fake_put(f, uts + 3 * 65, "#1 SMP Fake 6.12.0-1 (2025)", 28);
}

static void make_init_mm(struct vigil_fake *f)
{
	const u64 mm = f->profile.field[F(SYM_INIT_MM)];
	const u64 list = mm + f->profile.field[F(MM_MMLIST)];
	/* The kernel's own table as its image shows it. */
	const u64 pgd = FAKE_DATA + 0x8000;

	f->profile.field[F(KERNEL_ROOT)] = IMAGE_GPA + SZ_2M + 0x8000;
	map_kernel(f, f->profile.field[F(KERNEL_ROOT)]);
	vigil_fake_set64(f, mm, F(MM_PGD), pgd);
	vigil_fake_put64(f, list, list);
	vigil_fake_put64(f, list + 8, list);
	vigil_fake_set64(f, mm, F(MM_START_CODE), FAKE_TEXT);
	vigil_fake_set64(f, mm, F(MM_END_CODE), FAKE_TEXT + 0x100000);
	vigil_fake_set64(f, mm, F(MM_END_DATA), FAKE_DATA + 0x100000);
}

static void make_files(struct vigil_fake *f)
{
	f->super = vigil_fake_super(f, 0xef53);
	f->root_dentry = vigil_fake_dentry(f, 0, "/");
	f->root_mount = vigil_fake_mount(f, f->root_dentry, 0, 0);
}

/* The vCPU runs user code of the task whose address is in the per-CPU area. */
static void make_cpu(struct vigil_fake *f)
{
	f->cpu.cr0 = X86_CR0_PG | X86_CR0_PE;
	f->cpu.efer = BIT_ULL(10) | BIT_ULL(8);
	f->cpu.cr3 = f->profile.field[F(KERNEL_ROOT)];
	f->cpu.kernel_gs_base = FAKE_DIRECT + PERCPU_GPA;
	f->cpu.cpl = 3;
	vigil_fake_set64(f, f->cpu.kernel_gs_base, F(PERCPU_CURRENT),
			 f->profile.field[F(SYM_INIT_TASK)]);
}

/* A guest with a kernel, init_mm, init_task, and a root file system. */
struct vigil_fake *vigil_fake_linux(struct kunit *test)
{
	struct vigil_fake *f = vigil_fake_new(test);
	u64 init;

	memcpy(f->profile.field, offsets, sizeof(offsets));
	bitmap_set(f->profile.given, 0, VIGIL_LINUX_FIELDS);
	strscpy(f->profile.banner, banner);
	make_init_mm(f);
	make_uts(f);
	vigil_fake_put64(f, FAKE_TEXT, 0);
	init = vigil_fake_task(f, 0, "swapper/0", 0);
	vigil_fake_link(f, &init, 1);
	make_files(f);
	make_cpu(f);
	vigil_linux_init(&f->lx, &f->profile, &f->gm, 4);
	return f;
}

/* An object of the kernel, zeroed, in its direct map. */
u64 vigil_fake_alloc(struct vigil_fake *f, size_t size)
{
	static const u8 zeroes[512];
	u64 gpa = f->next_object;

	KUNIT_ASSERT_LE(f->test, size, sizeof(zeroes));
	f->next_object += sizeof(zeroes);
	vigil_fake_write(f, gpa, zeroes, size);
	return FAKE_DIRECT + gpa;
}

static u64 to_gpa(struct vigil_fake *f, u64 addr)
{
	if (addr >= FAKE_DATA)
		return addr - FAKE_DATA + IMAGE_GPA + SZ_2M;
	if (addr >= FAKE_TEXT)
		return addr - FAKE_TEXT + IMAGE_GPA;
	if (addr >= FAKE_VMEMMAP)
		return addr - FAKE_VMEMMAP + VMEMMAP_GPA;
	return addr - FAKE_DIRECT;
}

void vigil_fake_put(struct vigil_fake *f, u64 addr, const void *buf,
		    size_t len)
{
	vigil_fake_write(f, to_gpa(f, addr), buf, len);
}

void vigil_fake_put64(struct vigil_fake *f, u64 addr, u64 value)
{
	vigil_fake_put(f, addr, &value, sizeof(value));
}

void vigil_fake_set64(struct vigil_fake *f, u64 base, u32 field, u64 value)
{
	vigil_fake_put64(f, base + f->profile.field[field], value);
}

void vigil_fake_set32(struct vigil_fake *f, u64 base, u32 field, u32 value)
{
	vigil_fake_put(f, base + f->profile.field[field], &value,
		       sizeof(value));
}

/* An address space without mappings, whose table maps the kernel. */
u64 vigil_fake_mm(struct vigil_fake *f)
{
	u64 mm = vigil_fake_alloc(f, 256);
	u64 root = vigil_fake_table(f);

	map_kernel(f, root);
	vigil_fake_set64(f, mm, F(MM_PGD), FAKE_DIRECT + root);
	return mm;
}

static u64 thread_head(struct vigil_fake *f, u64 signal)
{
	return signal + f->profile.field[F(SIGNAL_THREAD_HEAD)];
}

/* A process of one thread, its own parent; pid 0 is init_task. */
u64 vigil_fake_task(struct vigil_fake *f, u32 pid, const char *comm, u64 mm)
{
	u64 task = pid ? vigil_fake_alloc(f, 256) :
			 f->profile.field[F(SYM_INIT_TASK)];
	u64 signal = vigil_fake_alloc(f, 64);
	u64 cred = vigil_fake_alloc(f, 64);
	u64 node = task + f->profile.field[F(TASK_THREAD_NODE)];

	vigil_fake_set32(f, task, F(TASK_FLAGS), mm ? 0 : VIGIL_PF_KTHREAD);
	vigil_fake_set32(f, task, F(TASK_PID), pid);
	vigil_fake_set32(f, task, F(TASK_TGID), pid);
	vigil_fake_set32(f, task, F(TASK_EXIT_STATE), 0);
	vigil_fake_put(f, task + f->profile.field[F(TASK_COMM)], comm,
		       strlen(comm) + 1);
	vigil_fake_set64(f, task, F(TASK_MM), mm);
	vigil_fake_set64(f, task, F(TASK_REAL_PARENT), task);
	vigil_fake_set64(f, task, F(TASK_GROUP_LEADER), task);
	vigil_fake_set64(f, task, F(TASK_SIGNAL), signal);
	vigil_fake_set64(f, task, F(TASK_CRED), cred);
	vigil_fake_set64(f, task, F(TASK_START_TIME), 1000 + pid);
	vigil_fake_set32(f, task, F(TASK_SELF_EXEC_ID), mm ? 1 : 0);
	vigil_fake_set32(f, cred, F(CRED_UID), 100 + pid);
	vigil_fake_set32(f, cred, F(CRED_GID), 200 + pid);
	vigil_fake_put64(f, thread_head(f, signal), node);
	vigil_fake_put64(f, node, thread_head(f, signal));
	return task;
}

/* A struct pid in the PID namespace of @level, where its number is @number. */
u64 vigil_fake_pid(struct vigil_fake *f, u32 level, u32 number)
{
	u64 pid = vigil_fake_alloc(f, 512);
	const u64 last = pid + f->profile.field[F(PID_NUMBERS)] +
			 level * f->profile.field[F(UPID_SIZE)];

	vigil_fake_set32(f, pid, F(PID_LEVEL), level);
	vigil_fake_set32(f, last, F(UPID_NR), number);
	return pid;
}

/* The kernfs_node of a control group; the root has neither parent nor name. */
u64 vigil_fake_kernfs(struct vigil_fake *f, u64 parent, const char *name)
{
	u64 node = vigil_fake_alloc(f, 128);
	u64 text = vigil_fake_alloc(f, 512);

	vigil_fake_set64(f, node, F(KERNFS_PARENT), parent);
	vigil_fake_set64(f, node, F(KERNFS_NAME), text);
	vigil_fake_put(f, text, name, strlen(name) + 1);
	return node;
}

/* Put a task into the control group of a kernfs_node. */
void vigil_fake_cgroup(struct vigil_fake *f, u64 task, u64 node)
{
	u64 set = vigil_fake_alloc(f, 128);
	u64 cgroup = vigil_fake_alloc(f, 128);

	vigil_fake_set64(f, task, F(TASK_CGROUPS), set);
	vigil_fake_set64(f, set, F(CSS_SET_DFL_CGRP), cgroup);
	vigil_fake_set64(f, cgroup, F(CGROUP_KN), node);
}

/* Make a circle of the tasks' list. */
void vigil_fake_link(struct vigil_fake *f, const u64 *tasks, unsigned int nr)
{
	const u64 link = f->profile.field[F(TASK_TASKS)];

	for (unsigned int i = 0; i < nr; i++) {
		u64 node = tasks[i] + link;
		u64 next = tasks[(i + 1) % nr] + link;

		vigil_fake_put64(f, node, next);
		vigil_fake_put64(f, next + 8, node);
	}
}

u64 vigil_fake_super(struct vigil_fake *f, u64 magic)
{
	u64 super = vigil_fake_alloc(f, 128);

	vigil_fake_set64(f, super, F(SB_MAGIC), magic);
	return super;
}

/* A dentry; without a parent it is its own. */
u64 vigil_fake_dentry(struct vigil_fake *f, u64 parent, const char *name)
{
	u64 dentry = vigil_fake_alloc(f, 512);
	/* Behind the dentry's own fields, as short names are. */
	u64 text = dentry + 65;

	vigil_fake_set64(f, dentry, F(DENTRY_PARENT), parent ?: dentry);
	vigil_fake_set32(f, dentry, F(DENTRY_NAME_LEN), strlen(name));
	vigil_fake_set64(f, dentry, F(DENTRY_NAME), text);
	vigil_fake_put(f, text, name, strlen(name) + 1);
	return dentry;
}

/* A mount of the tree under @root; without a parent it is its own. */
u64 vigil_fake_mount(struct vigil_fake *f, u64 root, u64 parent, u64 point)
{
	u64 mount = vigil_fake_alloc(f, 128);

	vigil_fake_set64(f, mount + f->profile.field[F(MOUNT_MNT)],
			 F(VFSMOUNT_ROOT), root);
	vigil_fake_set64(f, mount, F(MOUNT_PARENT), parent ?: mount);
	vigil_fake_set64(f, mount, F(MOUNT_MOUNTPOINT), point ?: root);
	return mount;
}

u64 vigil_fake_file(struct vigil_fake *f, u64 dentry, u64 mount, u64 super,
		    u32 nlink)
{
	u64 file = vigil_fake_alloc(f, 128);
	u64 inode = vigil_fake_alloc(f, 512);

	vigil_fake_set64(f, file, F(FILE_DENTRY), dentry);
	vigil_fake_set64(f, file, F(FILE_MNT),
			 mount + f->profile.field[F(MOUNT_MNT)]);
	vigil_fake_set64(f, file, F(FILE_INODE), inode);
	vigil_fake_set64(f, file, F(FILE_MAPPING), inode + 256);
	vigil_fake_set64(f, inode + 256, F(MAPPING_HOST), inode);
	vigil_fake_set64(f, inode, F(INODE_SB), super);
	vigil_fake_set32(f, inode, F(INODE_NLINK), nlink);
	return file;
}

u64 vigil_fake_vma(struct vigil_fake *f, const struct vigil_vma *vma)
{
	u64 addr = vigil_fake_alloc(f, 192);

	vigil_fake_set64(f, addr, F(VMA_START), vma->start);
	vigil_fake_set64(f, addr, F(VMA_END), vma->end);
	vigil_fake_set64(f, addr, F(VMA_MM), vma->mm);
	vigil_fake_set64(f, addr, F(VMA_FLAGS), vma->flags);
	vigil_fake_set64(f, addr, F(VMA_OPS), vma->ops);
	vigil_fake_set64(f, addr, F(VMA_PGOFF), vma->pgoff);
	vigil_fake_set64(f, addr, F(VMA_FILE), vma->file);
	return addr;
}
