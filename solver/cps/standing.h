/* Where every enrollment stands: the inventory joined with the validations, sorted and chosen from for whoever looks. */
#ifndef SOLVER_CPS_STANDING_H
#define SOLVER_CPS_STANDING_H

#include "solver/cps/internal.h"
#include "solver/cps/inventory.h"

/* What it needs, the most urgent first. */
enum cps_need {
	CPS_NEED_HELD,    /* a person must decide */
	CPS_NEED_FAILING, /* its change fails, or does not go on */
	CPS_NEED_ALARM,   /* its certificate ends soon, or its renewal is late */
	CPS_NEED_WORKING, /* dcvd works on its change */
	CPS_NEED_PENDING, /* CPS has a change that dcvd does not drive */
	CPS_NEED_NOTHING, CPS_NEEDS,
};
#define CPS_NEEDS_SOMEBODY CPS_NEED_WORKING /* all before this one */

struct cps_row {
	const struct cps_item *item;
	const struct report *report;    /* the newest validation of its change; NULL: none */
	struct cps_drive_view view;     /* of a drive that is under way; zero otherwise */
	enum cps_need need;
	bool alarmed;
	int kind;                       /* its class */
};

const char *cps_need_name(enum cps_need need);
/* "idle", "pending", "waiting" or "working": what dcvd does about it. */
const char *cps_row_phase(const struct cps_row *row);
/* What is wrong with the enrollment, in a sentence; NULL: nothing. Gives. */
char *cps_row_alarm(const struct cps *c, const struct cps_row *row);
/* Every enrollment, in no order; gives the array (free with free). NULL: nobody watches. */
struct cps_row *cps_rows(const struct cps *c, size_t *ret_count);
/* Those that are asked for, in the order that is asked for, from the front of `rows`. Returns their number, and in *ret_first where the
 * page begins. */
size_t cps_rows_select(const struct cps *c, const struct cps_inventory_query *q, struct cps_row *rows, size_t count, size_t *ret_first);

#endif
