/* What is known of every enrollment without asking: kept in memory and in the journal, one row "cps-enrollment/<key>" each.
 *
 * The key is the enrollment, with the account before it unless that is the main one ("10002", "other/10002"). */
#ifndef SOLVER_CPS_INVENTORY_H
#define SOLVER_CPS_INVENTORY_H

#include <stdbool.h>
#include <uthash.h>

#include "solver/cps/enrollment.h"
#include "solver/store/store.h"

struct cps_item {
	char *key, *account, *contract, *cn, *validation_type, *ra;
	int64_t id, san_count, slot_count;
	int64_t no_change_management; /* 1: CPS says that it is off */
	char *names_hash;        /* of all names: another one when they change */
	int64_t change;          /* the newest pending one; 0: none */
	char *change_type;
	int64_t auto_renewal_ms; /* 0: queued, running, or none */
	int64_t expiry_ms;       /* of the certificate in production; 0: not known, or none */
	int64_t expiry_read_ms, seen_ms, first_seen_change_ms;
	int64_t expiry_asked_ms;  /* when the certificate was asked for last, also in vain; not in the journal */
	int64_t renewal_asked_ms; /* when dcvd asked for a renewal last; 0: never */
	char *phase, *waits_for; /* of its change, as far as dcvd drives it; "" otherwise */
	char *last_error;        /* why the last drive or renewal failed; "" after one that did not */
	char *alarm, *alarm_kind; /* the one that was told last, or NULL */
	unsigned look;           /* the number of the look that saw it */
	UT_hash_handle hh;
};

struct cps_inventory {
	struct cps_item *items; /* by key */
	unsigned look;
};

int cps_inventory_load(struct cps_inventory *v, struct store *s, struct err *err);
void cps_inventory_free(struct cps_inventory *v);
struct cps_item *cps_inventory_find(const struct cps_inventory *v, const char *key);
/* Takes what a list said of one; `now_ms` on the wall clock. Journals it in `t` when something differs. *ret_found: a change is pending that was not. */
struct cps_item *cps_inventory_see(struct cps_inventory *v, const char *account, const char *contract, const struct cps_enrollment *e, int64_t now_ms,
                                   struct store_txn *t, bool *ret_found);
void cps_inventory_journal(const struct cps_item *item, struct store_txn *t);
void cps_inventory_drop(struct cps_inventory *v, struct cps_item *item, struct store_txn *t);
/* Puts a text into a member; false: it stood there already. */
bool cps_item_set(char **slot, const char *text);

#endif
