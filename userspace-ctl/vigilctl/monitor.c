// SPDX-License-Identifier: GPL-2.0
/*
 * Alerts as they come.  Notifications are hints: the kernel drops them where
 * the reader is slow.  Sequence numbers show the gaps, and alert-get fills them
 * from the VM's ring or says how many are gone for good.
 *
 * The ring may have let go of an alert whose notification still waits here.  Those
 * of a VM come in order: who has one knows that what comes before it waits no more.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <unistd.h>

#include "alert.h"
#include "vigilctl.h"

/**
 * struct watched - a VM whose alerts are told
 * @id:		it
 * @seq:	the newest alert that was told
 * @due:	the newest that there was after a loss
 * @gone:	it was no longer attached then
 */
struct watched {
	uint32_t id;
	uint64_t seq, due;
	bool gone;
};

/**
 * struct monitor - a run of the verb
 * @events:	where notifications come from
 * @ask:	for requests, so that replies don't mix with notifications
 * @only:	the one VM that is wanted, or 0
 * @vm:		the known VMs
 * @count:	how many
 * @size:	room in @vm
 * @behind:	notifications were lost, and what waits still comes from before
 * @due:	what there was then is known, and what waits may come from before that
 * @until:	the newest alert that may be told of a VM's ring
 * @over:	nobody reads the output any more, or the one VM is gone
 */
struct monitor {
	struct vigil_nl events, ask;
	uint32_t only;
	struct watched *vm;
	size_t count, size;
	uint64_t until;
	bool behind, due, over;
};

static volatile sig_atomic_t stopped;

static void stop(int sig __attribute__((unused)))
{
	stopped = 1;
}

static struct watched *find_vm(struct monitor *mon, uint32_t id)
{
	size_t i;

	for (i = 0; i < mon->count; i++) {
		if (mon->vm[i].id == id)
			return &mon->vm[i];
	}
	return NULL;
}

static struct watched *add_vm(struct monitor *mon, uint32_t id, uint64_t seq)
{
	struct watched *vm = find_vm(mon, id);

	if (vm)
		return vm;
	if (mon->count == mon->size) {
		vm = reallocarray(mon->vm, mon->size + 16, sizeof(*vm));
		if (!vm)
			return NULL;
		mon->vm = vm;
		mon->size += 16;
	}
	vm = &mon->vm[mon->count++];
	*vm = (struct watched){ .id = id, .seq = seq };
	return vm;
}

/*
 * A reader that has enough, "| head -n 1", is no failure; nor is a signal while
 * the reader takes nothing.
 */
static void flush(struct monitor *mon)
{
	if (!fflush(stdout) && !ferror(stdout))
		return;
	mon->over = true;
	if (errno == EPIPE || stopped) {
		__fpurge(stdout);
		clearerr(stdout);
	}
}

static void tell_alert(struct monitor *mon, const struct vigil_attrs *alert)
{
	struct json_object *json;

	if (mon->over)
		return;
	if (opt_json) {
		json = alert_json(alert);
		/* an event of its own here */
		json_object_object_del(json, "lost");
		print_json_line(json);
	} else {
		print_alert(alert);
	}
	flush(mon);
}

/* Anything else: @json, or for people the words. */
__attribute__((format(printf, 4, 5)))
static void tell(struct monitor *mon, const char *event,
		 struct json_object *json, const char *fmt, ...)
{
	va_list args;

	if (mon->over || !opt_json)
		json_object_put(json);
	if (mon->over)
		return;
	if (opt_json) {
		json_object_object_add(json, "event",
				       json_object_new_string(event));
		print_json_line(json);
	} else {
		va_start(args, fmt);
		vprintf(fmt, args);
		va_end(args);
	}
	flush(mon);
}

static void tell_lost(struct monitor *mon, uint32_t id, uint64_t lost)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "vm_id", json_object_new_uint64(id));
	json_object_object_add(json, "lost", json_object_new_uint64(lost));
	tell(mon, "lost", json, "lost %llu alerts of vm %u\n",
	     (unsigned long long)lost, id);
}

static void tell_vm(struct monitor *mon, const char *event,
		    const struct vigil_attrs *vm)
{
	tell(mon, event, vigil_attrs_json(vm), "vm %llu %s %s\n",
	     (unsigned long long)vigil_attrs_uint(vm, VIGIL_A_VM_ID, 0),
	     vigil_attrs_text(vm, VIGIL_A_VM_NAME, ""), event);
}

/* Numbers have no gaps but for what is gone. */
static void tell_next(struct monitor *mon, struct watched *vm,
		      const struct vigil_attrs *alert)
{
	uint64_t seq = vigil_attrs_uint(alert, VIGIL_A_ALERT_SEQ, 0);

	if (seq <= vm->seq)
		return;
	if (seq > vm->seq + 1)
		tell_lost(mon, vm->id, seq - vm->seq - 1);
	vm->seq = seq;
	tell_alert(mon, alert);
}

static int tell_missed(const struct vigil_msg *msg, void *data,
		       struct vigil_err *err __attribute__((unused)))
{
	const struct vigil_attrs *alert = &msg->attrs;
	struct monitor *mon = data;
	struct watched *vm;

	vm = find_vm(mon, vigil_attrs_uint(alert, VIGIL_A_ALERT_VM_ID, 0));
	if (vm && vigil_attrs_uint(alert, VIGIL_A_ALERT_SEQ, 0) <= mon->until)
		tell_next(mon, vm, alert);
	return 0;
}

/*
 * Tell what came after the newest alert that was told, up to one of which it is
 * known that no notification from before it waits.
 */
static void catch_up(struct monitor *mon, struct watched *vm, uint64_t until)
{
	struct nlmsghdr *nlh = vigil_nl_request(&mon->ask, VIGIL_CMD_ALERT_GET);
	struct vigil_err err;

	mon->until = until;
	mnl_attr_put_u32(nlh, VIGIL_A_ALERT_VM_ID, vm->id);
	mnl_attr_put_u64(nlh, VIGIL_A_ALERT_SEQ, vm->seq + 1);
	/* inconsistent or not: alerts come in order, the rest comes next time */
	if (vigil_nl_talk(&mon->ask, true, tell_missed, mon, &err) &&
	    !stopped && err.code != EAGAIN && err.code != ENODEV && err.code != ENOENT &&
	    err.code != ESRCH)
		warn("vm %u: %s", vm->id, err.text);
}

static void on_alert(struct monitor *mon, const struct vigil_attrs *alert)
{
	uint64_t seq = vigil_attrs_uint(alert, VIGIL_A_ALERT_SEQ, 0);
	struct watched *vm;

	/* those that were attached at the start are known: this one is new */
	vm = add_vm(mon, vigil_attrs_uint(alert, VIGIL_A_ALERT_VM_ID, 0), 0);
	if (!vm)
		return;
	if (seq > vm->seq + 1)
		catch_up(mon, vm, seq);
	/* of a VM that went meanwhile this is all that there is */
	tell_next(mon, vm, alert);
}

static void forget_vm(struct monitor *mon, struct watched *vm)
{
	if (vm->id == mon->only)
		mon->over = true;
	*vm = mon->vm[--mon->count];
}

static void on_attached(struct monitor *mon, const struct vigil_attrs *attrs)
{
	uint32_t id = vigil_attrs_uint(attrs, VIGIL_A_VM_ID, 0);

	if (find_vm(mon, id))
		return;
	add_vm(mon, id, 0);
	tell_vm(mon, "attached", attrs);
}

static void on_detached(struct monitor *mon, const struct vigil_attrs *attrs)
{
	uint64_t last = vigil_attrs_uint(attrs, VIGIL_A_VM_LAST_ALERT, 0);
	uint32_t id = vigil_attrs_uint(attrs, VIGIL_A_VM_ID, 0);
	struct watched *vm = find_vm(mon, id);

	if (!vm)
		return;
	if (last > vm->seq)
		tell_lost(mon, id, last - vm->seq);
	tell_vm(mon, "detached", attrs);
	forget_vm(mon, vm);
}

static int on_event(const struct vigil_msg *msg, void *data,
		    struct vigil_err *err __attribute__((unused)))
{
	bool alert = msg->cmd == VIGIL_CMD_ALERT_NTF;
	struct monitor *mon = data;
	uint32_t id;

	id = vigil_attrs_uint(&msg->attrs,
			      alert ? VIGIL_A_ALERT_VM_ID : VIGIL_A_VM_ID, 0);
	if (mon->only && id != mon->only)
		return 0;
	if (alert)
		on_alert(mon, &msg->attrs);
	else if (msg->cmd == VIGIL_CMD_VM_NEW_NTF)
		on_attached(mon, &msg->attrs);
	else if (msg->cmd == VIGIL_CMD_VM_DEL_NTF)
		on_detached(mon, &msg->attrs);
	return 0;
}

static int list_vms(struct monitor *mon, struct vigil_list *list,
		    struct vigil_err *err)
{
	vigil_nl_request(&mon->ask, VIGIL_CMD_VM_GET);
	return vigil_nl_collect(&mon->ask, true, list, err);
}

static bool is_wanted(const struct monitor *mon, const struct vigil_attrs *vm)
{
	return !mon->only ||
	       mon->only == vigil_attrs_uint(vm, VIGIL_A_VM_ID, 0);
}

/* The attached VMs, without the alerts that they have. */
static int learn_vms(struct monitor *mon, struct vigil_err *err)
{
	const struct vigil_attrs *vm;
	struct vigil_list list;
	size_t i;
	int ret = list_vms(mon, &list, err);

	for (i = 0; !ret && i < list.count; i++) {
		vm = &list.msg[i].msg.attrs;
		if (is_wanted(mon, vm) &&
		    !add_vm(mon, vigil_attrs_uint(vm, VIGIL_A_VM_ID, 0),
			    vigil_attrs_uint(vm, VIGIL_A_VM_LAST_ALERT, 0)))
			ret = vigil_fail_errno(err, ENOMEM, "monitor");
	}
	vigil_list_free(&list);
	if (!ret && mon->only && !mon->count)
		ret = vigil_fail(err, ENOENT, "no vm %u is attached",
				 mon->only);
	return ret;
}

static const struct vigil_attrs *find_listed(const struct vigil_list *list,
					     uint32_t id)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (vigil_attrs_uint(&list->msg[i].msg.attrs, VIGIL_A_VM_ID,
				     0) == id)
			return &list->msg[i].msg.attrs;
	}
	return NULL;
}

/* Of a VM that went unseen nothing is left but its id. */
static void tell_gone(struct monitor *mon, struct watched *vm)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "id", json_object_new_uint64(vm->id));
	tell(mon, "detached", json, "vm %u detached\n", vm->id);
	forget_vm(mon, vm);
}

/*
 * VMs may have come and gone, and any may have alerts that nobody told.  Some of
 * that may wait here by now, and is told first.
 */
static int recover(struct monitor *mon, struct vigil_err *err)
{
	const struct vigil_attrs *vm;
	struct vigil_list list;
	size_t i;
	int ret = list_vms(mon, &list, err);

	if (ret)
		return ret;
	for (i = 0; i < list.count; i++) {
		vm = &list.msg[i].msg.attrs;
		if (is_wanted(mon, vm))
			on_attached(mon, vm);
	}
	for (i = 0; i < mon->count; i++) {
		vm = find_listed(&list, mon->vm[i].id);
		mon->vm[i].gone = !vm;
		mon->vm[i].due = vm ? vigil_attrs_uint(vm, VIGIL_A_VM_LAST_ALERT,
						       0) : 0;
	}
	vigil_list_free(&list);
	mon->due = true;
	return 0;
}

/* Nothing waits that comes from before the VMs were listed. */
static void settle(struct monitor *mon)
{
	size_t i = 0;

	mon->due = false;
	while (i < mon->count && !mon->over) {
		if (mon->vm[i].gone) {
			tell_gone(mon, &mon->vm[i]);
			continue;
		}
		if (mon->vm[i].due > mon->vm[i].seq)
			catch_up(mon, &mon->vm[i], mon->vm[i].due);
		i++;
	}
}

/* What comes while the group is being joined is recovered like a loss. */
static int start(struct monitor *mon, struct vigil_err *err)
{
	int ret = learn_vms(mon, err);

	if (!ret)
		ret = vigil_nl_subscribe(&mon->events, err);
	return ret ? ret : recover(mon, err);
}

/* Signals are held back from the check to the wait: none comes between. */
static bool wait_for_event(struct monitor *mon)
{
	struct pollfd fd[] = {
		{ .fd = mon->events.fd, .events = POLLIN },
		/* tells when the other end of a pipe is closed */
		{ .fd = STDOUT_FILENO },
	};
	sigset_t ours, before;
	int ready = 0;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigprocmask(SIG_BLOCK, &ours, &before);
	if (!stopped)
		ready = ppoll(fd, 2, NULL, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (ready > 0 && fd[1].revents)
		mon->over = true;
	return ready > 0 && !mon->over;
}

static bool is_empty(const struct vigil_nl *nl)
{
	struct pollfd fd = { .fd = nl->fd, .events = POLLIN };

	return poll(&fd, 1, 0) <= 0;
}

/*
 * After a loss the kernel drops all that it has to tell until the last message
 * that waits was taken: nothing is complete before.
 */
static int take_event(struct monitor *mon, struct vigil_err *err)
{
	int ret = vigil_nl_receive(&mon->events, on_event, mon, err);

	if (ret == -ENOBUFS)
		mon->behind = true;
	else if (ret)
		return ret;
	if (!mon->behind || !is_empty(&mon->events))
		return 0;
	mon->behind = false;
	/* with losses all the time nothing else would be the end of the last one */
	if (mon->due)
		settle(mon);
	return recover(mon, err);
}

static int run(struct monitor *mon)
{
	struct vigil_err err;
	int ret = start(mon, &err);

	while (!ret && !stopped && !mon->over) {
		if (mon->due && is_empty(&mon->events))
			settle(mon);
		else if (wait_for_event(mon))
			ret = take_event(mon, &err);
	}
	return ret && !stopped ? fail(&err) : EXIT_DONE;
}

/*
 * Without SA_RESTART: who waits for a reader or for the kernel is let go. For a
 * reader only flush() waits, the buffer has room for any event.
 */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	setvbuf(stdout, NULL, _IOFBF, 1 << 19);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int alert_monitor(int argc, char **argv)
{
	struct arg args[] = { { .name = "--vm" }, { 0 } };
	static struct monitor mon;
	int ret;

	ret = parse_args(argc, argv, args);
	if (!ret)
		ret = session_open_for(&mon.ask, args[0].value, &mon.only);
	if (ret)
		return ret;
	ret = session_open(&mon.events);
	if (!ret) {
		catch_signals();
		ret = run(&mon);
		vigil_nl_close(&mon.events);
	}
	vigil_nl_close(&mon.ask);
	free(mon.vm);
	return ret;
}
