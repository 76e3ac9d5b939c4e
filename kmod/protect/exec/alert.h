/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exec protection: the alerts.
 */
#ifndef _VIGIL_EXEC_ALERT_H
#define _VIGIL_EXEC_ALERT_H

#include <linux/types.h>

#include <uapi/linux/vigil.h>

struct vigil_exec;
struct vigil_exec_decision;
struct vigil_exec_facts;
struct vigil_fetch;
struct vigil_vm;

u64 vigil_exec_alert(struct vigil_fetch *fetch,
		     const struct vigil_exec_facts *facts,
		     const struct vigil_exec_decision *d, bool *raised);
void vigil_exec_alert_condemn(struct vigil_exec *exec,
			      struct vigil_fetch *fetch, u64 seq, bool raised);
void vigil_exec_alert_unreadable(struct vigil_vm *vm,
				 enum vigil_unreadable_reason reason,
				 enum vigil_action action);
bool vigil_exec_alert_without_profile(struct vigil_vm *vm,
				      enum vigil_action action);

#endif /* _VIGIL_EXEC_ALERT_H */
