/* The watcher: keeps the inventory, raises alarms, asks for renewals that are late, and says which changes are to be driven. It looks with the
 * least urgency of all, and never publishes or acknowledges by itself. */
#ifndef SOLVER_CPS_WATCH_H
#define SOLVER_CPS_WATCH_H

#include <jansson.h>

#include "solver/cps/accounts.h"
#include "solver/cps/cps.h"
#include "solver/cps/inventory.h"
#include "solver/cps/judge.h"
#include "solver/net/loop.h"

struct cps_watcher;

struct cps_watch_parts {
	struct loop *loop;
	struct store *store;
	const struct config *config;    /* cps_watch_reconfigure() replaces it */
	const struct cps_accounts *accounts;
	/* Asks for "list", "certificate" or "renew" as cps_ask() does, with the urgency of the inventory. Answers exactly once, later, or fails. */
	int (*ask)(const char *what, const char *account, int64_t enrollment, void (*done)(json_t *result, const struct err *err, void *arg),
	           void *done_arg, struct err *err, void *arg);
	/* A managed enrollment has a pending change. Told at each look, also when it is driven already. */
	void (*found)(const struct cps_item *item, void *arg);
	/* A list shows it without a change. Told at each look. */
	void (*idle)(const struct cps_item *item, void *arg);
	/* What its drive says of it: why somebody is needed and of which kind that is, or NULL; its phase and what it waits for, "" without one. */
	const char *(*state)(const struct cps_item *item, const char **ret_kind, const char **ret_phase, const char **ret_waits, void *arg);
	void (*tell)(const struct cps_event *event, void *arg);
	void *arg;
};

/* Loads the inventory, and begins to look unless cps.watch is off. */
int cps_watch_open(const struct cps_watch_parts *parts, struct cps_watcher **ret, struct err *err);
void cps_watch_close(struct cps_watcher *w); /* no question may be under way. NULL is allowed */
void cps_watch_reconfigure(struct cps_watcher *w, const struct config *config);
/* Something about an enrollment may be other than it was: what its drive says, or what is named here. */
void cps_watch_refresh(struct cps_watcher *w, const char *key);
void cps_watch_failed(struct cps_watcher *w, const char *key, const char *why); /* "": it went well */
void cps_watch_deployed(struct cps_watcher *w, const char *key, int64_t expiry_ms);
/* Tells of an enrollment: log line and event. `type` and `kind` are static; `kind` and `text` may be NULL. */
void cps_watch_tell(struct cps_watcher *w, const struct cps_item *item, const char *type, const char *kind, const char *text);
const struct cps_inventory *cps_watch_inventory(const struct cps_watcher *w);
int64_t cps_watch_last_look(const struct cps_watcher *w);   /* wall clock; 0: none yet */
const char *cps_watch_trouble(const struct cps_watcher *w); /* why the last look failed, or NULL */

#endif
