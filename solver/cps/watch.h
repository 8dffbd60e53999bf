/* The watcher: keeps the inventory, raises alarms, and says which changes are to be driven. It looks with the least urgency of all, and
 * never publishes or acknowledges by itself. */
#ifndef SOLVER_CPS_WATCH_H
#define SOLVER_CPS_WATCH_H

#include <jansson.h>

#include "solver/cps/accounts.h"
#include "solver/cps/inventory.h"
#include "solver/net/loop.h"

struct cps_watcher;

struct cps_watch_parts {
	struct loop *loop;
	struct store *store;
	const struct config *config;    /* cps_watch_reconfigure() replaces it */
	const struct cps_accounts *accounts;
	/* Asks for "list" or "certificate" as cps_ask() does, with the urgency of the inventory. Answers exactly once, later, or fails. */
	int (*ask)(const char *what, const char *account, int64_t enrollment, void (*done)(json_t *result, const struct err *err, void *arg),
	           void *done_arg, struct err *err, void *arg);
	/* A managed enrollment has a pending change. Told at each look, also when it is driven already. `policy` NULL: hold everything. */
	void (*found)(const struct cps_item *item, const struct config_cps_policy *policy, void *arg);
	void *arg;
};

/* Loads the inventory, and begins to look unless cps.watch is off. */
int cps_watch_open(const struct cps_watch_parts *parts, struct cps_watcher **ret, struct err *err);
void cps_watch_close(struct cps_watcher *w); /* no question may be under way. NULL is allowed */
void cps_watch_reconfigure(struct cps_watcher *w, const struct config *config);
const struct cps_inventory *cps_watch_inventory(const struct cps_watcher *w);
int64_t cps_watch_last_look(const struct cps_watcher *w);   /* wall clock; 0: none yet */
const char *cps_watch_trouble(const struct cps_watcher *w); /* why the last look failed, or NULL */

#endif
