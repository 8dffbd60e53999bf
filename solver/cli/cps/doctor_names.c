/* What the names of managed enrollments need: a route, name servers that answer, a CAA record that allows, a web server where it is asked. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cli/cps/doctor.h"
#include "solver/cps/judge.h"
#include "solver/daemon/checks.h"

#define SOON_MS (30LL * 24 * 3600 * 1000)

/* ---- enrollments */

/* An enrollment as the list shows it, for cps_class_kind(). Borrowed. */
static struct cps_item item_of(const struct doctor *d, const json_t *e)
{
	return (struct cps_item){
		.account = (char *)d->account, .contract = (char *)json_text(e, "contract"), .cn = (char *)json_text(e, "cn"),
		.validation_type = (char *)json_text(e, "validation_type"), .ra = (char *)json_text(e, "ra"),
	};
}

static bool is_managed(const struct doctor *d, const json_t *e)
{
	const struct cps_item item = item_of(d, e);

	return cps_class_kind(&d->desk.config->cps, &item) == CPS_CLASS_MANAGED;
}

static bool renews_soon(const json_t *e)
{
	int64_t at;

	return clock_parse(json_text(e, "auto_renewal_start"), &at) == 0 && at - clock_wall_ms() < SOON_MS;
}

void doctor_inventory(struct doctor *d)
{
	size_t managed = 0, pending = 0, soon = 0, all = json_array_size(d->enrollments), i;
	json_t *e;

	if (!d->enrollments)
		return;
	json_array_foreach(d->enrollments, i, e) {
		managed += is_managed(d, e);
		pending += json_array_size(json_object_get(e, "pending_changes")) > 0;
		soon += renews_soon(e);
	}
	if (all && !managed && d->desk.config->cps.watch == CPS_WATCH_ACT)
		doctor_say(d, GRADE_WARN, "name them in cps.classes with class: managed", "cps.watch is act, and none of %zu enrollments is managed", all);
	else
		doctor_say(d, GRADE_PASS, NULL, "%zu enrollments, %zu managed, %zu with a pending change, %zu renewed by CPS within 30 days", all, managed, pending, soon);
}

/* ---- names */

struct looking {
	struct doctor *d;
	struct check_want *wants;
	size_t count, passed;
};

/* NULL: no route leads there. */
static const char *type_of(const struct doctor *d, const char *name)
{
	const char *bare = strncmp(name, "*.", 2) == 0 ? name + 2 : name;

	if (config_route(d->desk.config, CHALLENGE_DNS01, bare))
		return "dns-01";
	return bare == name && config_route(d->desk.config, CHALLENGE_HTTP01, bare) ? "http-01" : NULL;
}

static const struct finding *pin_of(const struct verdict *v)
{
	for (size_t i = 0; i < v->finding_count; i++)
		if ((v->findings[i].text && strcasestr(v->findings[i].text, "accounturi")) || (v->findings[i].fix && strcasestr(v->findings[i].fix, "accounturi")))
			return &v->findings[i];
	return NULL;
}

static const char *first_mend(const struct verdict *v)
{
	for (size_t i = 0; i < v->finding_count; i++)
		if (v->findings[i].fix)
			return v->findings[i].fix;
	return "see \"dcvd check\" of that name";
}

static bool on_verdict(size_t index, const struct evidence *e, const struct verdict *v, const struct err *err, void *arg)
{
	struct looking *l = arg;
	const struct check_want *want = &l->wants[index];
	const struct finding *pin = v ? pin_of(v) : NULL;

	(void)e;
	if (!v)
		doctor_say(l->d, GRADE_WARN, NULL, "%s: %s", want->domain, err->text);
	else if (pin || (v->detail && strcasestr(v->detail, "accounturi")))
		doctor_say(l->d, GRADE_FAIL, "remove accounturi from the CAA record: CPS changes its accounts at the authority", "%s: %s", want->domain,
		           pin ? pin->text : v->detail);
	else if (v->result == VERDICT_FAIL)
		doctor_say(l->d, GRADE_FAIL, first_mend(v), "%s (%s): %s", want->domain, want->type, v->detail ? v->detail : "it would be refused");
	else if (v->result != VERDICT_PASS)
		doctor_say(l->d, GRADE_WARN, first_mend(v), "%s (%s): %s", want->domain, want->type, v->detail ? v->detail : "it cannot be told from here");
	else
		l->passed++;
	return !cli_interrupted;
}

static void run_checks(struct looking *l)
{
	struct daemon_options options = { .config_file = l->d->desk.config_file, .overrides = l->d->desk.overrides.items };
	struct err err = { 0 };

	if (l->count && checks_run(&options, l->wants, l->count, on_verdict, l, &err) < 0)
		doctor_say(l->d, GRADE_WARN, NULL, "they cannot be looked at: %s", err.text);
}

static void add(struct looking *l, const char *name)
{
	const char *type = type_of(l->d, name);
	CLEANUP(mem_freep) char *remedy = mem_printf("add a route for %s to routes:", name);

	if (!type)
		doctor_say(l->d, GRADE_FAIL, remedy, "%s: no route leads to a provider", name);
	else
		l->wants[l->count++] = (struct check_want){ .type = type, .domain = name, .parts = CHECK_ALL };
}

void doctor_names(struct doctor *d)
{
	struct looking l = { .d = d, .wants = mem_new((size_t)d->names_max + 1, sizeof(*l.wants)) };
	size_t seen = 0, i, k;
	json_t *e, *name;

	json_array_foreach(d->enrollments, i, e) {
		if (!is_managed(d, e) || strcmp(json_text(e, "validation_type"), "dv") != 0)
			continue;
		json_array_foreach(json_object_get(e, "sans"), k, name)
			if (json_is_string(name) && seen++ < (size_t)d->names_max)
				add(&l, json_string_value(name));
	}
	run_checks(&l);
	if (l.passed)
		doctor_say(d, GRADE_PASS, NULL, "%zu of %zu that were looked at can be validated", l.passed, seen < (size_t)d->names_max ? seen : (size_t)d->names_max);
	if (seen > (size_t)d->names_max)
		doctor_say(d, GRADE_PASS, NULL, "%zu more were not looked at; --names N looks at so many", seen - (size_t)d->names_max);
	free(l.wants);
}
