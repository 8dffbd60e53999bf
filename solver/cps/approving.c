/* A person says yes or no to what change management showed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cps/approval.h"
#include "solver/cps/internal.h"
#include "solver/cps/watch.h"

static int check(const struct cps *c, const struct report *r, const struct cps_approval_wish *wish, struct err *err)
{
	const struct cps_hold *hold = r ? cps_drive_hold(r->drive) : NULL;
	const struct cps_item *item = r ? cps_inventory_find(cps_watch_inventory(c->watch), r->home) : NULL;

	if (!hold || cps_drive_change(r->drive) != wish->change)
		return err_set(err, ERR_CONFLICT, "change %" PRId64 " does not wait for an approval", wish->change);
	if (strcmp(hold->hash, wish->hash) != 0)
		return err_set(err, ERR_CONFLICT, "change %" PRId64 " shows another result by now (%.64s): look at it again", wish->change, hold->hash);
	if (cps_policy_of(c->parts.config, item)->change_management == CPS_MANAGEMENT_HOLD)
		return err_set(err, ERR_DENIED, "the policy of enrollment %" PRId64 " is change-management: hold, so nothing is approved here; "
		               "\"dcvd cps ack --change-management\" or CPS itself does it", wish->enrollment);
	return 0;
}

static void tell(struct cps *c, const struct report *r, const struct cps_approval_wish *wish)
{
	const struct cps_item *item = cps_inventory_find(cps_watch_inventory(c->watch), r->home);
	char at[CLOCK_TEXT_SIZE];
	CLEANUP(mem_freep) char *text = mem_printf("by %s%s%s", wish->who, wish->not_before_ms ? ", for " : "",
	                                           wish->not_before_ms ? clock_text(wish->not_before_ms, at) : "");

	if (item)
		cps_watch_tell(c->watch, item, wish->deny ? "denied" : "approved", NULL, text);
}

int cps_approve(struct cps *c, const struct cps_approval_wish *wish, size_t *ret_missing, struct err *err)
{
	struct report *r = report_running(c, wish->account ? wish->account : "", wish->enrollment);
	struct cps_approvals a = { 0 };
	size_t wanted, count;
	int code = check(c, r, wish, err);

	if (code < 0)
		return code;
	if (cps_approvals_get(c->parts.store, r->home, &a, err) < 0 && err->code != ERR_NOT_FOUND && err->code != ERR_DAMAGED)
		return err->code;
	cps_approvals_add(&a, wish->change, wish->hash, wish->who, loop_wall_ms(c->parts.loop), wish->not_before_ms, wish->deny);
	wanted = wish->deny ? 0 : (size_t)cps_policy_of(c->parts.config, cps_inventory_find(cps_watch_inventory(c->watch), r->home))->approvals;
	count = cps_approvals_count(&a);
	code = cps_approvals_put(c->parts.store, r->home, &a, err);
	cps_approvals_done(&a);
	if (code < 0)
		return code;
	*ret_missing = wanted > count ? wanted - count : 0;
	err->code = 0;
	tell(c, r, wish);
	cps_drive_look(r->drive);
	return 0;
}
