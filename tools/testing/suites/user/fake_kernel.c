// SPDX-License-Identifier: GPL-2.0
/*
 * vigilctl with a fake of the kernel: takes the place of the netlink socket,
 * of /dev/vigil and of the VMM, so that every command runs on any machine.
 * Two VMs: a Linux guest that gives its processes hostile names, a Windows guest
 * whose self-map is under attack; five alerts, of which the ring has lost two.
 *
 * The environment can ask for something else:
 *
 * FAKE_NAME		the name of VM 2
 * FAKE_MODULE		"absent": no module answers; "elsewhere": but one is loaded
 * FAKE_FINDING		of the self-map's alert, a mask
 * FAKE_DONE		what was done about it
 * FAKE_BY		what found it
 * FAKE_GAP		the number of an alert that the ring has lost
 * FAKE_KIND		of alert 3, instead of suspicious code
 * FAKE_OUTCOME		of that alert
 * FAKE_RULE		of it, a mask
 * FAKE_PAGE		the kind of its page
 * FAKE_REASON		why it could not be judged
 * FAKE_VMA		the kind of its mapping; "none": there is none
 * FAKE_REGS		the error that reading the first vCPU's registers ends with
 * FAKE_NAMES		a file with the names of VM 1's processes, see fake_names.h
 * FAKE_PROFILE		state of the profiles
 * FAKE_OF		"none": suppressed events are of no alert's source
 * FAKE_SHOW		say on stderr who a new entry is for
 * FAKE_LATE		notifications wait here whose alerts the ring has let go
 * FAKE_FLOOD		so many alerts of VM 1 come at once, then it is detached
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>

#include "fake_guest.h"
#include "fake_names.h"
#include "fake_windows.h"
#include "nl.h"
#include "profile.h"
#include "vmfd.h"

#define FAMILY		0x21
#define FIRST_KEPT	3
#define LAST_ALERT	5
#define SELFMAP_ALERT	4
/* Of a flood the newest are kept, and each so many what came first of a source. */
#define RING		1024
#define FIRST_EACH	64
/* ... and each so many is about events that were not reported one by one. */
#define SUPPRESSED_EACH	100

/* What a guest may call its processes: commands to a terminal, no UTF-8. */
#define HOSTILE		"\033]0;\xff\xc0\x80\"\\\n"

struct peer {
	int fd;
	char in[VIGIL_NL_REQUEST];
	char out[VIGIL_NL_BUFFER];
	struct nlmsghdr *req;
	struct nlmsghdr *msg;
	bool changed;
};

/* Static, so that what their threads still use at exit counts as no leak. */
static struct peer peers[4];
static unsigned int peer_count;

static int events_fd = -1;	/* where notifications come from */
static bool lose_one;		/* its next recvmsg() has lost something */
static unsigned int vms = 2;
static uint64_t newest = LAST_ALERT;
static struct peer *notifier;	/* tells of more when the VMs are listed */
static bool congested;		/* notifications are dropped until all are taken */

static unsigned long asked_for(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

static const char *vm_name(uint32_t id)
{
	return id == 1 ? "web" : getenv("FAKE_NAME") ?: "db";
}

static void begin(struct peer *peer, uint16_t type, uint16_t flags, uint8_t cmd)
{
	struct genlmsghdr *genl;

	peer->msg = mnl_nlmsg_put_header(peer->out);
	peer->msg->nlmsg_type = type;
	peer->msg->nlmsg_flags = flags;
	peer->msg->nlmsg_seq = peer->req ? peer->req->nlmsg_seq : 0;
	genl = mnl_nlmsg_put_extra_header(peer->msg, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
}

static void reply(struct peer *peer)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(peer->req);

	begin(peer, FAMILY, 0, genl->cmd);
}

static void flush(struct peer *peer)
{
	if (send(peer->fd, peer->out, peer->msg->nlmsg_len, MSG_NOSIGNAL) < 0)
		pthread_exit(NULL);
}

static void u32(struct peer *peer, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(peer->msg, type, value);
}

static void u64(struct peer *peer, uint16_t type, uint64_t value)
{
	mnl_attr_put_u64(peer->msg, type, value);
}

static void str(struct peer *peer, uint16_t type, const char *s)
{
	mnl_attr_put_strz(peer->msg, type, s);
}

/* NLMSG_ERROR with the request repeated, and an extended ack. */
static void fail(struct peer *peer, int error, const char *message,
		 const struct nlattr *bad)
{
	struct nlmsgerr *nlerr;
	uint32_t len = peer->req->nlmsg_len - MNL_NLMSG_HDRLEN;

	peer->msg = mnl_nlmsg_put_header(peer->out);
	peer->msg->nlmsg_type = NLMSG_ERROR;
	peer->msg->nlmsg_seq = peer->req->nlmsg_seq;
	peer->msg->nlmsg_flags = error ? NLM_F_ACK_TLVS : NLM_F_CAPPED;
	nlerr = mnl_nlmsg_put_extra_header(peer->msg, sizeof(*nlerr));
	nlerr->error = -error;
	nlerr->msg = *peer->req;
	if (error) {
		memcpy(mnl_nlmsg_put_extra_header(peer->msg, len),
		       mnl_nlmsg_get_payload(peer->req), len);
		if (message)
			str(peer, NLMSGERR_ATTR_MSG, message);
		if (bad)
			u32(peer, NLMSGERR_ATTR_OFFS,
			    (const char *)bad - (const char *)peer->req);
	}
	flush(peer);
}

static void ack(struct peer *peer)
{
	fail(peer, 0, NULL, NULL);
}

static void done(struct peer *peer)
{
	peer->msg = mnl_nlmsg_put_header(peer->out);
	peer->msg->nlmsg_type = NLMSG_DONE;
	peer->msg->nlmsg_seq = peer->req->nlmsg_seq;
	memset(mnl_nlmsg_put_extra_header(peer->msg, 4), 0, 4);
	flush(peer);
}

static const struct nlattr *attr_of(struct peer *peer, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, peer->req, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

/* Is the VM that attribute @type names one of ours?  Tells if not. */
static bool has_vm(struct peer *peer, uint16_t type, uint32_t *id)
{
	const struct nlattr *attr = attr_of(peer, type);

	*id = attr ? mnl_attr_get_u32(attr) : 0;
	if (*id && *id <= vms)
		return true;
	fail(peer, ENODEV, "no such VM is attached", attr);
	return false;
}

static void put_family(struct peer *peer)
{
	struct nlattr *groups, *group;

	begin(peer, GENL_ID_CTRL, 0, CTRL_CMD_NEWFAMILY);
	mnl_attr_put_u16(peer->msg, CTRL_ATTR_FAMILY_ID, FAMILY);
	groups = mnl_attr_nest_start(peer->msg, CTRL_ATTR_MCAST_GROUPS);
	group = mnl_attr_nest_start(peer->msg, 1);
	str(peer, CTRL_ATTR_MCAST_GRP_NAME, VIGIL_MCGRP_MONITOR);
	u32(peer, CTRL_ATTR_MCAST_GRP_ID, 7);
	mnl_attr_nest_end(peer->msg, group);
	mnl_attr_nest_end(peer->msg, groups);
	flush(peer);
}

static void put_caps(struct peer *peer)
{
	reply(peer);
	u32(peer, VIGIL_A_CAPS_ABI_VERSION, 1);
	u32(peer, VIGIL_A_CAPS_KVM, VIGIL_KVM_KIND_STOCK);
	str(peer, VIGIL_A_CAPS_EXEC_WHY, "KVM isn't patched");
	str(peer, VIGIL_A_CAPS_VENDOR, "amd");
	u32(peer, VIGIL_A_CAPS_TDP, 1);
	u32(peer, VIGIL_A_CAPS_WRITE_TRACKING, 0);
	str(peer, VIGIL_A_CAPS_KERNEL_RELEASE, "6.12.117+deb12-amd64");
	/* from a newer kernel */
	u32(peer, 31, 1);
	u32(peer, 900, 1);
	flush(peer);
}

static void put_vm(struct peer *peer, uint32_t id)
{
	u32(peer, VIGIL_A_VM_ID, id);
	str(peer, VIGIL_A_VM_NAME, vm_name(id));
	u32(peer, VIGIL_A_VM_PID, 1000 + id);
	u32(peer, VIGIL_A_VM_VCPUS, 2);
	u64(peer, VIGIL_A_VM_MEMORY, 512ULL << 20);
	u32(peer, VIGIL_A_VM_EXEC, id == 1);
	u32(peer, VIGIL_A_VM_PROFILE_STATE,
	    asked_for("FAKE_PROFILE", VIGIL_PROFILE_STATE_PROVED));
	u64(peer, VIGIL_A_VM_ATTACHED, 1795190400123456789);
	u32(peer, VIGIL_A_VM_SWEEP_MS, 60000);
	u64(peer, VIGIL_A_VM_LAST_ALERT, id == 1 ? newest : 0);
}

static void notify_late(struct peer *peer);

/* The first dump tells that a VM came meanwhile. */
static void dump_vms(struct peer *peer)
{
	uint32_t id;

	if (notifier)
		notify_late(notifier);
	for (id = 1; id <= vms; id++) {
		reply(peer);
		if (!peer->changed)
			peer->msg->nlmsg_flags |= NLM_F_DUMP_INTR;
		put_vm(peer, id);
		flush(peer);
	}
	peer->changed = true;
	done(peer);
}

static void put_process(struct peer *peer)
{
	static const char cmdline[] = "/usr/bin/" HOSTILE "\0-c\0\0a \"b\"";

	u32(peer, VIGIL_A_PROCESS_PID, 812);
	u32(peer, VIGIL_A_PROCESS_PPID, 1);
	str(peer, VIGIL_A_PROCESS_COMM, HOSTILE);
	str(peer, VIGIL_A_PROCESS_EXE, "/usr/bin/" HOSTILE);
	u32(peer, VIGIL_A_PROCESS_UID, 33);
	u32(peer, VIGIL_A_PROCESS_GID, 33);
	u64(peer, VIGIL_A_PROCESS_START_TIME, 1500000000);
	u64(peer, VIGIL_A_PROCESS_TASK, 0xffff888100000000);
	mnl_attr_put(peer->msg, VIGIL_A_PROCESS_EXE_DELETED, 0, NULL);
	u32(peer, VIGIL_A_PROCESS_NS_PID, 7);
	str(peer, VIGIL_A_PROCESS_CGROUP, "/system.slice/" HOSTILE);
	mnl_attr_put(peer->msg, VIGIL_A_PROCESS_CMDLINE, sizeof(cmdline),
		     cmdline);
}

/*
 * A process that calls itself by a name that was asked for, and whose command
 * line has it at the start, in the middle, and cut at the end.
 */
static void put_named(struct peer *peer, unsigned int i)
{
	static const char middle[] = "\0-x y\0";
	char cmdline[3 * 4096];
	const char *name = fake_name(i);
	size_t len = strlen(name);

	memcpy(cmdline, name, len);
	memcpy(cmdline + len, middle, sizeof(middle) - 1);
	memcpy(cmdline + len + sizeof(middle) - 1, name, len);
	u32(peer, VIGIL_A_PROCESS_PID, 1000 + i);
	u32(peer, VIGIL_A_PROCESS_PPID, 1);
	str(peer, VIGIL_A_PROCESS_COMM, name);
	str(peer, VIGIL_A_PROCESS_EXE, name);
	u32(peer, VIGIL_A_PROCESS_UID, 33);
	if (i % 2)
		mnl_attr_put(peer->msg, VIGIL_A_PROCESS_EXE_DELETED, 0, NULL);
	str(peer, VIGIL_A_PROCESS_CGROUP, name);
	mnl_attr_put(peer->msg, VIGIL_A_PROCESS_CMDLINE,
		     2 * len + sizeof(middle) - 1, cmdline);
}

static void dump_named(struct peer *peer)
{
	unsigned int i;

	for (i = 0; i < fake_names(); i++) {
		reply(peer);
		put_named(peer, i);
		flush(peer);
	}
	done(peer);
}

/*
 * A process whose texts look like several columns, and one that calls itself as a
 * kernel thread does and whose executable can't be read.
 */
static void dump_spoofers(struct peer *peer)
{
	reply(peer);
	u32(peer, VIGIL_A_PROCESS_PID, 813);
	u32(peer, VIGIL_A_PROCESS_PPID, 1);
	str(peer, VIGIL_A_PROCESS_COMM, "x  /sbin/init");
	str(peer, VIGIL_A_PROCESS_EXE, "/tmp/x  cat");
	str(peer, VIGIL_A_PROCESS_CGROUP, "/a  /sbin/init");
	u64(peer, VIGIL_A_PROCESS_MM, 0xffff888100000000);
	flush(peer);
	reply(peer);
	u32(peer, VIGIL_A_PROCESS_PID, 814);
	u32(peer, VIGIL_A_PROCESS_PPID, 2);
	str(peer, VIGIL_A_PROCESS_COMM, "kworker/0:0");
	u64(peer, VIGIL_A_PROCESS_MM, 0xffff888100000800);
	flush(peer);
}

static void dump_processes(struct peer *peer)
{
	reply(peer);
	u32(peer, VIGIL_A_PROCESS_PID, 2);
	u32(peer, VIGIL_A_PROCESS_PPID, 0);
	str(peer, VIGIL_A_PROCESS_COMM, "kthreadd");
	u64(peer, VIGIL_A_PROCESS_MM, 0);
	flush(peer);
	reply(peer);
	put_process(peer);
	u32(peer, VIGIL_A_PROCESS_PROTECT_ID, 1);
	flush(peer);
	dump_spoofers(peer);
	done(peer);
}

static void put_windows(struct peer *peer, uint32_t pid, const char *name,
			uint64_t root, uint32_t flags)
{
	reply(peer);
	u32(peer, VIGIL_A_PROCESS_PID, pid);
	u32(peer, VIGIL_A_PROCESS_PPID, pid - 4);
	str(peer, VIGIL_A_PROCESS_COMM, name);
	u64(peer, VIGIL_A_PROCESS_TASK, 0xffff9a8000000080);
	u32(peer, VIGIL_A_PROCESS_FLAGS, flags);
	u64(peer, VIGIL_A_PROCESS_CREATE_TIME, 1795190400123456789);
	u64(peer, VIGIL_A_PROCESS_ROOT, root);
}

/* Entries: in order, open, of another table, empty; and one that is nowhere. */
static void dump_windows(struct peer *peer)
{
	put_windows(peer, 4, "System", 0x1ad000, 16);
	u64(peer, VIGIL_A_PROCESS_SELF_MAP, 0x80000000001ad063);
	flush(peer);
	put_windows(peer, 404, HOSTILE, 0x5000000, 16);
	u64(peer, VIGIL_A_PROCESS_USER_ROOT, 0x5001000);
	u64(peer, VIGIL_A_PROCESS_SELF_MAP, 0x8000000005000063);
	u64(peer, VIGIL_A_PROCESS_USER_SELF_MAP, 0x8000000005001067);
	flush(peer);
	put_windows(peer, 408, "csrss.exe", 0x6000000, 17);
	u64(peer, VIGIL_A_PROCESS_USER_ROOT, 0x6001000);
	u64(peer, VIGIL_A_PROCESS_SELF_MAP, 0x8000000007000063);
	u64(peer, VIGIL_A_PROCESS_USER_SELF_MAP, 0);
	flush(peer);
	put_windows(peer, 412, "swapped.exe", 0x8000000, 24);
	flush(peer);
	done(peer);
}

static void put_vma(struct peer *peer, uint32_t kind)
{
	u64(peer, VIGIL_A_VMA_START, 0x7ffd12300000);
	u64(peer, VIGIL_A_VMA_END, 0x7ffd12321000);
	u64(peer, VIGIL_A_VMA_FLAGS, 0x100177);
	u32(peer, VIGIL_A_VMA_PGOFF, 0);
	u32(peer, VIGIL_A_VMA_KIND, kind);
	if (kind == VIGIL_VMA_KIND_FILE)
		str(peer, VIGIL_A_VMA_PATH, "/usr/bin/" HOSTILE);
}

/* Of an address that no mapping has. */
static void put_no_vma(struct peer *peer)
{
	u64(peer, VIGIL_A_VMA_START, 0);
	u64(peer, VIGIL_A_VMA_END, 0);
	u64(peer, VIGIL_A_VMA_FLAGS, 0);
	u32(peer, VIGIL_A_VMA_PGOFF, 0);
	u32(peer, VIGIL_A_VMA_KIND, VIGIL_VMA_KIND_UNKNOWN);
}

static void dump_vmas(struct peer *peer)
{
	reply(peer);
	put_vma(peer, VIGIL_VMA_KIND_STACK);
	u32(peer, VIGIL_A_VMA_PRESENT, 3);
	u32(peer, VIGIL_A_VMA_GRANTED, 1);
	u32(peer, VIGIL_A_VMA_OPEN, 0);
	flush(peer);
	done(peer);
}

/* One that never matched, and one that did, of all conditions. */
static void dump_paths(struct peer *peer)
{
	reply(peer);
	u32(peer, VIGIL_A_PROTECT_VM_ID, 1);
	u32(peer, VIGIL_A_PROTECT_ID, 3);
	str(peer, VIGIL_A_PROTECT_EXE, "/x");
	u32(peer, VIGIL_A_PROTECT_RULES, VIGIL_EXEC_RULE_STACK);
	u32(peer, VIGIL_A_PROTECT_ACTION, VIGIL_ACTION_BLOCK);
	u32(peer, VIGIL_A_PROTECT_PROCESSES, 0);
	u64(peer, VIGIL_A_PROTECT_MATCHES, 0);
	flush(peer);
	reply(peer);
	u32(peer, VIGIL_A_PROTECT_VM_ID, 1);
	u32(peer, VIGIL_A_PROTECT_ID, 4);
	str(peer, VIGIL_A_PROTECT_EXE, "/usr/sbin/" HOSTILE);
	str(peer, VIGIL_A_PROTECT_COMM, "ng\\[nx");
	u32(peer, VIGIL_A_PROTECT_PID, 812);
	u32(peer, VIGIL_A_PROTECT_UID, 0);
	mnl_attr_put(peer->msg, VIGIL_A_PROTECT_DESCENDANTS, 0, NULL);
	u32(peer, VIGIL_A_PROTECT_RULES, VIGIL_EXEC_RULE_STACK);
	u32(peer, VIGIL_A_PROTECT_ACTION, VIGIL_ACTION_BLOCK);
	u64(peer, VIGIL_A_PROTECT_START_TIME, 1500000000);
	u32(peer, VIGIL_A_PROTECT_PROCESSES, 5);
	u64(peer, VIGIL_A_PROTECT_LAST_MATCH, 1795190400123456789);
	u64(peer, VIGIL_A_PROTECT_MATCHES, 12);
	flush(peer);
}

static void dump_entries(struct peer *peer)
{
	uint32_t vm;

	for (vm = 1; vm <= 2; vm++) {
		reply(peer);
		u32(peer, VIGIL_A_PROTECT_VM_ID, vm);
		u32(peer, VIGIL_A_PROTECT_ID, 1);
		str(peer, VIGIL_A_PROTECT_COMM, "ngi*");
		u32(peer, VIGIL_A_PROTECT_RULES, VIGIL_EXEC_RULE_STACK |
		    VIGIL_EXEC_RULE_WX);
		u32(peer, VIGIL_A_PROTECT_ACTION, VIGIL_ACTION_BLOCK);
		u32(peer, VIGIL_A_PROTECT_HITS, 4);
		u32(peer, VIGIL_A_PROTECT_WITHOUT_PROFILE,
		    VIGIL_ACTION_OBSERVE);
		flush(peer);
	}
	dump_paths(peer);
	reply(peer);
	u32(peer, VIGIL_A_PROTECT_VM_ID, 2);
	u32(peer, VIGIL_A_PROTECT_ID, 7);
	mnl_attr_put(peer->msg, VIGIL_A_PROTECT_ALL, 0, NULL);
	u32(peer, VIGIL_A_PROTECT_RULES, 0x88);
	u32(peer, VIGIL_A_PROTECT_ACTION, VIGIL_ACTION_KILL);
	u32(peer, VIGIL_A_PROTECT_WITHOUT_PROFILE, VIGIL_ACTION_BLOCK);
	flush(peer);
	done(peer);
}

/* Its last instruction ends with zeros, and zeros follow. */
static void put_code(struct peer *peer)
{
	static const uint8_t code[128] = { 0x48, 0x31, 0xc0, 0x50, 0x0f, 0x05,
					0x06, 0xcc, 0xe9, 0x10 };
	uint64_t gpr[16] = { 0x3b };

	u64(peer, VIGIL_A_ALERT_RIP, 0x7ffd12310010);
	u64(peer, VIGIL_A_ALERT_RSP, 0x7ffd12310100);
	u64(peer, VIGIL_A_ALERT_CR3, 0x1234000);
	u64(peer, VIGIL_A_ALERT_GPA, 0x5678010);
	mnl_attr_put(peer->msg, VIGIL_A_ALERT_REGISTERS, sizeof(gpr), gpr);
	mnl_attr_put(peer->msg, VIGIL_A_ALERT_CODE, sizeof(code), code);
}

/* A write to a self-map, by a process with a hostile name. */
static void put_selfmap_alert(struct peer *peer)
{
	struct nlattr *nest;

	u32(peer, VIGIL_A_ALERT_KIND, VIGIL_ALERT_KIND_SELFMAP);
	u32(peer, VIGIL_A_ALERT_ASKED, VIGIL_ACTION_BLOCK);
	u32(peer, VIGIL_A_ALERT_OUTCOME, VIGIL_OUTCOME_BLOCKED);
	str(peer, VIGIL_A_ALERT_MODULE, "ntoskrnl.exe");
	nest = mnl_attr_nest_start(peer->msg, VIGIL_A_ALERT_VICTIM);
	put_process(peer);
	mnl_attr_nest_end(peer->msg, nest);
	nest = mnl_attr_nest_start(peer->msg, VIGIL_A_ALERT_SELFMAP);
	u32(peer, VIGIL_A_ALERT_SELFMAP_TABLE, VIGIL_SELFMAP_TABLE_USER);
	u64(peer, VIGIL_A_ALERT_SELFMAP_ROOT, 0x1aa000);
	u32(peer, VIGIL_A_ALERT_SELFMAP_SLOT, 0x1ed);
	u32(peer, VIGIL_A_ALERT_SELFMAP_FINDING,
	    asked_for("FAKE_FINDING", VIGIL_SELFMAP_FINDING_USER |
				      VIGIL_SELFMAP_FINDING_FRAME));
	u64(peer, VIGIL_A_ALERT_SELFMAP_OLD, 0x80000000001aa063);
	u64(peer, VIGIL_A_ALERT_SELFMAP_NEW, 0x4dd067);
	u64(peer, VIGIL_A_ALERT_SELFMAP_VALUE, 0x80000000001aa063);
	u32(peer, VIGIL_A_ALERT_SELFMAP_DONE,
	    asked_for("FAKE_DONE", VIGIL_SELFMAP_DONE_DROPPED));
	u32(peer, VIGIL_A_ALERT_SELFMAP_BY,
	    asked_for("FAKE_BY", VIGIL_SELFMAP_BY_WRITE));
	mnl_attr_nest_end(peer->msg, nest);
	put_code(peer);
}

/* Where suspicious code was fetched, or what could not be told about it. */
static void put_fetch(struct peer *peer, uint32_t kind, uint64_t seq)
{
	const char *vma = getenv("FAKE_VMA");
	struct nlattr *nest;

	nest = mnl_attr_nest_start(peer->msg, VIGIL_A_ALERT_PROCESS);
	if (fake_names())
		put_named(peer, seq % fake_names());
	else
		put_process(peer);
	mnl_attr_nest_end(peer->msg, nest);
	if (kind == VIGIL_ALERT_KIND_UNREADABLE)
		u32(peer, VIGIL_A_ALERT_REASON,
		    asked_for("FAKE_REASON", VIGIL_UNREADABLE_REASON_PAGE));
	else
		u32(peer, VIGIL_A_ALERT_RULE,
		    asked_for("FAKE_RULE", VIGIL_EXEC_RULE_STACK));
	u32(peer, VIGIL_A_ALERT_PAGE,
	    asked_for("FAKE_PAGE", VIGIL_PAGE_KIND_ANON));
	str(peer, VIGIL_A_ALERT_MITRE, "T1055");
	u32(peer, VIGIL_A_ALERT_TID, 813);
	u32(peer, VIGIL_A_ALERT_FOLDED, 17);
	nest = mnl_attr_nest_start(peer->msg, VIGIL_A_ALERT_VMA);
	if (vma && !strcmp(vma, "none"))
		put_no_vma(peer);
	else
		put_vma(peer, asked_for("FAKE_VMA", VIGIL_VMA_KIND_STACK));
	mnl_attr_nest_end(peer->msg, nest);
	put_code(peer);
}

static void put_kill_outcome(struct peer *peer, uint64_t of)
{
	struct nlattr *nest;

	u32(peer, VIGIL_A_ALERT_KIND, VIGIL_ALERT_KIND_KILL_OUTCOME);
	u32(peer, VIGIL_A_ALERT_PROTECT_ID, 1);
	u32(peer, VIGIL_A_ALERT_ASKED, VIGIL_ACTION_KILL);
	u32(peer, VIGIL_A_ALERT_OUTCOME, VIGIL_OUTCOME_DEAD);
	u64(peer, VIGIL_A_ALERT_OF_SEQ, of);
	nest = mnl_attr_nest_start(peer->msg, VIGIL_A_ALERT_PROCESS);
	put_process(peer);
	mnl_attr_nest_end(peer->msg, nest);
}

/* Of the whole guest: no process, no place. */
static void put_guest_alert(struct peer *peer, uint32_t kind)
{
	if (kind == VIGIL_ALERT_KIND_SUPPRESSED) {
		u32(peer, VIGIL_A_ALERT_FOLDED, 4000000001);
		if (!getenv("FAKE_OF")) {
			u32(peer, VIGIL_A_ALERT_PROTECT_ID, 1);
			u64(peer, VIGIL_A_ALERT_OF_SEQ, 2);
		}
		return;
	}
	if (kind == VIGIL_ALERT_KIND_DIRTY_LOG) {
		u32(peer, VIGIL_A_ALERT_FOLDED, 2);
		return;
	}
	if (kind == VIGIL_ALERT_KIND_WITHOUT_PROFILE)
		u32(peer, VIGIL_A_ALERT_ASKED, VIGIL_ACTION_BLOCK);
	u32(peer, VIGIL_A_ALERT_OUTCOME,
	    asked_for("FAKE_OUTCOME", VIGIL_OUTCOME_ALLOWED));
}

static void put_alert(struct peer *peer, uint64_t seq)
{
	uint32_t kind = VIGIL_ALERT_KIND_EXEC;

	u32(peer, VIGIL_A_ALERT_VM_ID, 1);
	u64(peer, VIGIL_A_ALERT_SEQ, seq);
	u32(peer, VIGIL_A_ALERT_VERSION, 1);
	u64(peer, VIGIL_A_ALERT_TIME, 1795190400000000001 + seq);
	str(peer, VIGIL_A_ALERT_VM_NAME, "web");
	if (seq == SELFMAP_ALERT) {
		put_selfmap_alert(peer);
		return;
	}
	if (seq == LAST_ALERT) {
		put_kill_outcome(peer, seq - 1);
		return;
	}
	if (seq == FIRST_KEPT)
		kind = asked_for("FAKE_KIND", kind);
	if (seq > LAST_ALERT && getenv("FAKE_FLOOD") && !(seq % SUPPRESSED_EACH))
		kind = VIGIL_ALERT_KIND_SUPPRESSED;
	u32(peer, VIGIL_A_ALERT_KIND, kind);
	if (kind != VIGIL_ALERT_KIND_EXEC && kind != VIGIL_ALERT_KIND_UNREADABLE) {
		put_guest_alert(peer, kind);
		return;
	}
	u32(peer, VIGIL_A_ALERT_PROTECT_ID, 1);
	u32(peer, VIGIL_A_ALERT_ASKED, VIGIL_ACTION_KILL);
	u32(peer, VIGIL_A_ALERT_OUTCOME,
	    asked_for("FAKE_OUTCOME", VIGIL_OUTCOME_BLOCKED));
	put_fetch(peer, kind, seq);
}

static bool is_kept(uint64_t seq)
{
	if (getenv("FAKE_FLOOD") && seq + RING < newest && seq % FIRST_EACH)
		return false;
	if (getenv("FAKE_LATE") && (seq == LAST_ALERT + 4 || seq == LAST_ALERT + 7))
		return false;
	return seq >= FIRST_KEPT && seq != asked_for("FAKE_GAP", 0);
}

static void dump_alerts(struct peer *peer)
{
	const struct nlattr *since = attr_of(peer, VIGIL_A_ALERT_SEQ);
	uint64_t seq = since ? mnl_attr_get_u64(since) : 1, lost = 0;

	/* from 0 on means from whatever there is */
	for (seq = seq ?: FIRST_KEPT; seq <= newest; seq++) {
		if (!is_kept(seq)) {
			lost++;
			continue;
		}
		reply(peer);
		put_alert(peer, seq);
		if (lost)
			u32(peer, VIGIL_A_ALERT_LOST, lost);
		lost = 0;
		flush(peer);
	}
	done(peer);
}

static void put_selfmap(struct peer *peer, uint32_t vm)
{
	unsigned int type;

	reply(peer);
	u32(peer, VIGIL_A_SELFMAP_VM_ID, vm);
	u32(peer, VIGIL_A_SELFMAP_ACTION, VIGIL_ACTION_BLOCK);
	u32(peer, VIGIL_A_SELFMAP_ASKED_WAY, VIGIL_SELFMAP_WAY_AUTO);
	u32(peer, VIGIL_A_SELFMAP_PERIOD_MS, 10);
	u32(peer, VIGIL_A_SELFMAP_WAY, VIGIL_SELFMAP_WAY_SWEEP);
	str(peer, VIGIL_A_SELFMAP_WHY, "this kvm.ko is stock");
	u32(peer, VIGIL_A_SELFMAP_STATE, VIGIL_SELFMAP_STATE_ACTIVE);
	u32(peer, VIGIL_A_SELFMAP_SLOT, 0x1ed);
	u32(peer, VIGIL_A_SELFMAP_TABLES, 600);
	u32(peer, VIGIL_A_SELFMAP_WRONG, 3);
	for (type = VIGIL_A_SELFMAP_ROUNDS; type <= VIGIL_A_SELFMAP_MAX; type++)
		u64(peer, type, UINT64_MAX - type);
	flush(peer);
}

static void put_stats(struct peer *peer, uint32_t vm)
{
	unsigned int type;

	reply(peer);
	u32(peer, VIGIL_A_STATS_VM_ID, vm);
	for (type = VIGIL_A_STATS_FETCHES; type <= VIGIL_A_STATS_MAX; type++)
		u64(peer, type, UINT64_MAX - type);
	flush(peer);
}

static void put_profile(struct peer *peer, uint32_t id)
{
	struct vigil_profile profile = {
		.os = id == 1 ? VIGIL_PROFILE_OS_LINUX : VIGIL_PROFILE_OS_WINDOWS,
	};
	unsigned int i;

	snprintf(profile.banner, sizeof(profile.banner), id == 1 ?
		 "Linux version 6.12" : "ntoskrnl.exe 10.0.17763.107 0123");
	for (i = 0; i < vigil_profile_names(&profile)->count; i++) {
		profile.has[i] = true;
		profile.value[i] = vigil_profile_is_address(&profile, i) ?
				   0xffffffff81000000 + i : i;
	}
	reply(peer);
	u32(peer, VIGIL_A_PROFILE_VM_ID, id);
	u32(peer, VIGIL_A_PROFILE_STATE, VIGIL_PROFILE_STATE_PROVED);
	vigil_profile_put(&profile, peer->msg);
	flush(peer);
	ack(peer);
}

static void show_entry(struct peer *peer)
{
	const struct nlattr *attr;
	unsigned int i;
	static const struct {
		const char *name;
		uint16_t type;
		bool text;
	} way[] = {
		{ "exe", VIGIL_A_PROTECT_EXE, true },
		{ "comm", VIGIL_A_PROTECT_COMM, true },
		{ "pid", VIGIL_A_PROTECT_PID, false },
		{ "uid", VIGIL_A_PROTECT_UID, false },
	};

	fprintf(stderr, "who:");
	for (i = 0; i < 4; i++) {
		attr = attr_of(peer, way[i].type);
		if (attr && way[i].text)
			fprintf(stderr, " %s=%s", way[i].name,
				mnl_attr_get_str(attr));
		else if (attr)
			fprintf(stderr, " %s=%u", way[i].name,
				mnl_attr_get_u32(attr));
	}
	fprintf(stderr, "%s%s\n", attr_of(peer, VIGIL_A_PROTECT_ALL) ?
		" all" : "", attr_of(peer, VIGIL_A_PROTECT_DESCENDANTS) ?
		" descendants" : "");
}

/* One that blocks without a profile has another id. */
static void new_entry(struct peer *peer)
{
	const struct nlattr *rules = attr_of(peer, VIGIL_A_PROTECT_RULES);
	const struct nlattr *without =
		attr_of(peer, VIGIL_A_PROTECT_WITHOUT_PROFILE);

	if (getenv("FAKE_SHOW"))
		show_entry(peer);
	if (mnl_attr_get_u32(rules) & VIGIL_EXEC_RULE_ANY) {
		fail(peer, EOPNOTSUPP, "exec protection needs the patched KVM",
		     NULL);
		return;
	}
	reply(peer);
	u32(peer, VIGIL_A_PROTECT_ID, 8 + mnl_attr_get_u32(without));
	flush(peer);
	ack(peer);
}

static void set_profile(struct peer *peer)
{
	if (attr_of(peer, VIGIL_A_PROFILE_ITEM))
		ack(peer);
	else
		fail(peer, EINVAL, "profile: sym-stext is missing",
		     attr_of(peer, VIGIL_A_PROFILE_BANNER));
}

static void answer_dump(struct peer *peer, uint8_t cmd, uint32_t vm)
{
	switch (cmd) {
	case VIGIL_CMD_VM_GET:
		dump_vms(peer);
		break;
	case VIGIL_CMD_PROCESS_GET:
		if (vm == 2)
			dump_windows(peer);
		else if (fake_names())
			dump_named(peer);
		else
			dump_processes(peer);
		break;
	case VIGIL_CMD_VMA_GET:
		dump_vmas(peer);
		break;
	case VIGIL_CMD_PROTECT_GET:
		dump_entries(peer);
		break;
	case VIGIL_CMD_ALERT_GET:
		dump_alerts(peer);
		break;
	case VIGIL_CMD_SELFMAP_GET:
		put_selfmap(peer, 1);
		done(peer);
		break;
	case VIGIL_CMD_STATS_GET:
		put_stats(peer, 1);
		put_stats(peer, 2);
		done(peer);
		break;
	default:
		fail(peer, EOPNOTSUPP, NULL, NULL);
	}
}

/* For all commands the VM's id is the first attribute. */
static void answer_do(struct peer *peer, uint8_t cmd, uint32_t vm)
{
	switch (cmd) {
	case VIGIL_CMD_VM_GET:
		reply(peer);
		put_vm(peer, vm);
		flush(peer);
		ack(peer);
		break;
	case VIGIL_CMD_STATS_GET:
		put_stats(peer, vm);
		ack(peer);
		break;
	case VIGIL_CMD_SELFMAP_GET:
	case VIGIL_CMD_SELFMAP_CHECK:
		put_selfmap(peer, vm);
		ack(peer);
		break;
	case VIGIL_CMD_PROFILE_GET:
		put_profile(peer, vm);
		break;
	case VIGIL_CMD_PROFILE_SET:
		set_profile(peer);
		break;
	case VIGIL_CMD_PROTECT_NEW:
		new_entry(peer);
		break;
	case VIGIL_CMD_PROTECT_DEL:
	case VIGIL_CMD_SELFMAP_SET:
	case VIGIL_CMD_SELFMAP_DEL:
	case VIGIL_CMD_VM_SET:
	case VIGIL_CMD_VM_DEL:
		ack(peer);
		break;
	default:
		fail(peer, EOPNOTSUPP, NULL, NULL);
	}
}

static void new_vm(struct peer *peer)
{
	reply(peer);
	u32(peer, VIGIL_A_VM_ID, 3);
	flush(peer);
	ack(peer);
}

static void answer(struct peer *peer)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(peer->req);
	bool dump = peer->req->nlmsg_flags & NLM_F_DUMP;
	uint32_t vm = 0;

	if (peer->req->nlmsg_type == GENL_ID_CTRL) {
		getenv("FAKE_MODULE") ? fail(peer, ENOENT, NULL, NULL) :
					put_family(peer);
	} else if (genl->cmd == VIGIL_CMD_CAPS_GET) {
		put_caps(peer);
		ack(peer);
	} else if (genl->cmd == VIGIL_CMD_VM_NEW) {
		new_vm(peer);
	} else if (!dump || attr_of(peer, 1)) {
		if (!has_vm(peer, 1, &vm))
			return;
		dump ? answer_dump(peer, genl->cmd, vm) :
		       answer_do(peer, genl->cmd, vm);
	} else {
		answer_dump(peer, genl->cmd, 0);
	}
}

static void *serve(void *data)
{
	struct peer *peer = data;

	peer->req = (struct nlmsghdr *)peer->in;
	while (recv(peer->fd, peer->in, sizeof(peer->in), 0) > 0)
		answer(peer);
	return NULL;
}

int __wrap_vigil_nl_socket(struct vigil_err *err);
int __wrap_vigil_nl_socket(struct vigil_err *err)
{
	struct peer *peer = &peers[peer_count++];
	pthread_t thread;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd))
		return vigil_fail_errno(err, ENOMEM, "fake kernel");
	peer->fd = fd[1];
	pthread_create(&thread, NULL, serve, peer);
	pthread_detach(thread);
	return fd[0];
}

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
	const char *module = getenv("FAKE_MODULE");

	if (strcmp(path, "/sys/module/vigil"))
		return __real_access(path, mode);
	return module && !strcmp(module, "elsewhere") ? 0 : -1;
}

static void notify(struct peer *peer, uint64_t seq)
{
	if (newest < seq)
		newest = seq;
	begin(peer, FAMILY, 0, VIGIL_CMD_ALERT_NTF);
	put_alert(peer, seq);
	flush(peer);
}

static void notify_detached(struct peer *peer)
{
	vms = 1;
	begin(peer, FAMILY, 0, VIGIL_CMD_VM_DEL_NTF);
	u32(peer, VIGIL_A_VM_ID, 2);
	str(peer, VIGIL_A_VM_NAME, vm_name(2));
	u64(peer, VIGIL_A_VM_LAST_ALERT, 4);
	flush(peer);
}

/*
 * More than the reader takes.  As a netlink socket does: what does not fit is
 * dropped, the reader is told once, and nothing comes before all is taken.
 */
static void notify_flood(struct peer *peer, uint64_t count)
{
	uint64_t last = LAST_ALERT + count;

	while (newest < last) {
		__atomic_add_fetch(&newest, 1, __ATOMIC_SEQ_CST);
		if (!(newest % 32))
			usleep(500);
		if (__atomic_load_n(&congested, __ATOMIC_SEQ_CST))
			continue;
		begin(peer, FAMILY, 0, VIGIL_CMD_ALERT_NTF);
		put_alert(peer, newest);
		if (send(peer->fd, peer->out, peer->msg->nlmsg_len,
			 MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			continue;
		lose_one = true;
		__atomic_store_n(&congested, true, __ATOMIC_SEQ_CST);
	}
	/* the reader catches up before the VM goes and takes the rest along */
	do
		usleep(1000000);
	while (__atomic_load_n(&congested, __ATOMIC_SEQ_CST));
	begin(peer, FAMILY, 0, VIGIL_CMD_VM_DEL_NTF);
	u32(peer, VIGIL_A_VM_ID, 1);
	str(peer, VIGIL_A_VM_NAME, vm_name(1));
	u64(peer, VIGIL_A_VM_LAST_ALERT, newest);
	flush(peer);
}

/*
 * Alert 7 is lost, and when the reader asks for it 9 and 10 wait, of which the ring
 * has only 10.  11 is lost as well, with all that comes before the VMs are listed.
 */
static void notify_waiting(struct peer *peer)
{
	newest = LAST_ALERT + 5;
	notify(peer, LAST_ALERT + 3);
	notify(peer, LAST_ALERT + 4);
	notify(peer, LAST_ALERT + 5);
	usleep(300000);
	newest = LAST_ALERT + 6;
	notifier = peer;
	lose_one = true;
	notify_detached(peer);
}

/* While they are listed 12 and 13 come, of which the ring has only 13. */
static void notify_late(struct peer *peer)
{
	notifier = NULL;
	newest = LAST_ALERT + 8;
	notify(peer, LAST_ALERT + 7);
	notify(peer, LAST_ALERT + 8);
}

/*
 * Of VM 1 alert 6 comes; 7 and 8 are lost silently before 9, then the socket tells
 * that it lost something, which was 10.  VM 2 goes with alerts that nobody heard
 * of.
 */
static void *notify_all(void *data)
{
	struct peer *peer = data;

	/* nothing of this is there when the monitor begins */
	usleep(300000);
	if (getenv("FAKE_FLOOD")) {
		notify_flood(peer, asked_for("FAKE_FLOOD", 0));
		return NULL;
	}
	notify(peer, LAST_ALERT + 1);
	if (getenv("FAKE_LATE")) {
		notify_waiting(peer);
		return NULL;
	}
	notify(peer, LAST_ALERT + 4);
	usleep(300000);
	newest = LAST_ALERT + 5;
	lose_one = true;
	notify_detached(peer);
	return NULL;
}

int __wrap_vigil_nl_subscribe(struct vigil_nl *nl, struct vigil_err *err);
int __wrap_vigil_nl_subscribe(struct vigil_nl *nl, struct vigil_err *err)
{
	struct peer *peer = &peers[peer_count++];
	pthread_t thread;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd))
		return vigil_fail_errno(err, ENOMEM, "fake kernel");
	dup2(fd[0], nl->fd);
	close(fd[0]);
	events_fd = nl->fd;
	peer->fd = fd[1];
	pthread_create(&thread, NULL, notify_all, peer);
	pthread_detach(thread);
	return 0;
}

ssize_t __real_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t len;
	int left = 0;

	if (fd == events_fd && lose_one) {
		lose_one = false;
		errno = ENOBUFS;
		len = -1;
	} else {
		len = __real_recvmsg(fd, msg, flags);
	}
	if (fd == events_fd && !ioctl(fd, FIONREAD, &left) && !left)
		__atomic_store_n(&congested, false, __ATOMIC_SEQ_CST);
	return len;
}

/* The VMM whose process id is 1001 has a VM, others don't. */
int __wrap_vmfd_take(pid_t pid, int fd, struct vigil_err *err);
int __wrap_vmfd_take(pid_t pid, int fd, struct vigil_err *err)
{
	if (pid != 1001 || fd > 9)
		return vigil_fail(err, ENOENT, "process %d has no VM", pid);
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Of VM 1 made of the kernel image that FAKE_VMLINUX names, of VM 2 laid out. */
static struct fake_guest fake;
static struct fake_windows fake_windows;
static struct vigil_guest *opened;

static ssize_t vm_read(struct vigil_guest *guest, uint64_t gpa, void *buf,
		       size_t len)
{
	(void)guest;
	return opened->ops->read(opened, gpa, buf, len);
}

static int vm_virt(struct vigil_guest *guest, struct vigil_virt *virt)
{
	(void)guest;
	return opened->ops->virt(opened, virt);
}

static int vm_regs(struct vigil_guest *guest, struct vigil_regs *regs)
{
	int error = regs->vcpu ? 0 : asked_for("FAKE_REGS", 0);

	(void)guest;
	return error ? -error : opened->ops->regs(opened, regs);
}

static const struct vigil_guest_ops vm_ops = {
	.read = vm_read,
	.virt = vm_virt,
	.regs = vm_regs,
};

static bool open_guest(uint32_t id)
{
	const struct fake_windows_options windows = {
		.build = "10.0.17763.107", .shadow = true,
	};
	const char *path = getenv("FAKE_VMLINUX");

	opened = id == 2 ? &fake_windows.guest : &fake.guest;
	if (id == 2)
		return fake_windows_load(&fake_windows, &windows);
	return path && fake_guest_load(&fake, path, 0x1a800000, 4) &&
	       fake_guest_own_root(&fake);
}

int __wrap_vigil_vm_open(struct vigil_vm_file *vm, uint32_t id,
			 struct vigil_err *err);
int __wrap_vigil_vm_open(struct vigil_vm_file *vm, uint32_t id,
			 struct vigil_err *err)
{
	if (!open_guest(id))
		return vigil_fail(err, ENODEV, "no guest for vm %u", id);
	vm->guest.ops = &vm_ops;
	vm->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return 0;
}
