#include "solver/cps/gate.h"

#include <inttypes.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cps/enrollment.h"
#include "solver/cps/judge.h"
#include "solver/cps/watch.h"

static int judge(const struct config_cps *cps, const struct cps_item *item, struct err *err)
{
	int kind;

	if (!cps_class_known(cps, item, &kind))
		return err_set(err, ERR_DENIED, "the contract of enrollment %" PRId64 " is not known here, and cps.classes do not agree without it: name one "
		               "contract (cps.contracts), or --force", item->id);
	if (kind == CPS_CLASS_MANAGED)
		return 0;
	return err_set(err, ERR_DENIED, "enrollment %" PRId64 " is %s by cps.classes, not managed, so nothing is written to it; --force does it all the same",
	               item->id, cps_class_name(kind));
}

static const struct cps_item *item_of(const struct cps *c, const char *account, int64_t enrollment)
{
	CLEANUP(mem_freep) char *key = mem_printf("%s%s%" PRId64, account, *account ? "/" : "", enrollment);

	return c->watch ? cps_inventory_find(cps_watch_inventory(c->watch), key) : NULL;
}

int gate_check(const struct cps *c, const char *account, int64_t enrollment, struct err *err)
{
	const struct cps_item *item = item_of(c, account, enrollment);

	return item && c->parts.config->cps.class_count ? judge(&c->parts.config->cps, item, err) : 0;
}

static int judge_read(const struct errand *e, const struct cps_enrollment *one, struct err *err)
{
	char **contracts = cps_account_configured(&e->cps->parts.config->cps, e->account), none[] = "";
	const struct cps_item item = { .account = e->account->name, .contract = contracts && contracts[0] && !contracts[1] ? contracts[0] : none,
	                               .cn = one->cn, .validation_type = one->validation_type, .ra = one->ra, .id = e->enrollment };

	return judge(&e->cps->parts.config->cps, &item, err);
}

static void on_enrollment(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct cps_enrollment one = { 0 };
	struct err parse = *err;

	e->call = NULL;
	if (parse.code == 0 && cps_enrollment_parse(reply->body, reply->body_length, &one, &parse) == 0)
		judge_read(e, &one, &parse);
	cps_enrollment_done(&one);
	if (parse.code < 0 || e->start(e, &parse) < 0)
		errand_end(e, &parse);
}

int gate_start(struct errand *e, struct err *err)
{
	char path[ERRAND_PATH_SIZE];

	if (errand_flag(e, "force") || errand_flag(e, "dry_run") || errand_flag(e, "look") || !e->cps->parts.config->cps.class_count)
		return e->start(e, err);
	if (item_of(e->cps, e->account->name, e->enrollment))
		return gate_check(e->cps, e->account->name, e->enrollment, err) < 0 ? err->code : e->start(e, err);
	errand_enrollment_path(e, path, "");
	errand_get(e, path, "enrollment.v12", on_enrollment);
	return 0;
}
