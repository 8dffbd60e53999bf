#include "solver/cps/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"

#define DAY_MS (24LL * 3600 * 1000)
#define SOON_MS (14 * DAY_MS) /* without a policy */

/* ---- classes */

/* "*.example.com": everything below. */
static bool matches_name(const char *pattern, const char *name)
{
	size_t below = strlen(pattern + 1), length = strlen(name);

	if (strncmp(pattern, "*.", 2) != 0)
		return strcasecmp(pattern, name) == 0;
	return length > below && strcasecmp(name + length - below, pattern + 1) == 0;
}

static bool matches(const char *wanted, const char *text)
{
	return !wanted || strcasecmp(wanted, text) == 0;
}

/* But for the contract. */
static bool matches_class(const struct config_cps_class *c, const struct cps_item *item)
{
	return (!c->cn || matches_name(c->cn, item->cn)) && matches(c->ra, item->ra) && matches(c->validation, item->validation_type) &&
	       matches(c->account, item->account);
}

const struct config_cps_class *cps_class_of(const struct config_cps *cps, const struct cps_item *item)
{
	for (size_t i = 0; i < cps->class_count; i++)
		if (matches_class(&cps->classes[i], item) && matches(cps->classes[i].contract, item->contract))
			return &cps->classes[i];
	return NULL;
}

int cps_class_kind(const struct config_cps *cps, const struct cps_item *item)
{
	const struct config_cps_class *class = cps_class_of(cps, item);

	return class ? class->kind : CPS_CLASS_MONITORED;
}

const char *cps_class_name(int kind)
{
	static const char *const names[] = { [CPS_CLASS_MONITORED] = "monitored", [CPS_CLASS_MANAGED] = "managed", [CPS_CLASS_IGNORED] = "ignored" };

	return names[kind];
}

bool cps_class_known(const struct config_cps *cps, const struct cps_item *item, int *ret_kind)
{
	int kind = -1;

	*ret_kind = cps_class_kind(cps, item);
	if (*item->contract)
		return true;
	for (size_t i = 0; i < cps->class_count; i++) {
		const struct config_cps_class *c = &cps->classes[i];

		if (!matches_class(c, item))
			continue;
		if (kind >= 0 && kind != c->kind)
			return false;
		*ret_kind = kind = c->kind;
		if (!c->contract)
			return true;
	}
	return kind < 0 || kind == CPS_CLASS_MONITORED;
}

/* ---- alarms */

static const struct config_cps_policy *policy_of(const struct config *config, const struct cps_item *item)
{
	const struct config_cps_class *class = cps_class_of(&config->cps, item);

	return class ? config_cps_policy(config, class->policy) : NULL;
}

/* The shortest of its times that is left; 0: more than the longest is. */
static int64_t passed_mark(const struct config_cps_policy *policy, int64_t left_ms)
{
	if (!policy || !policy->alarm_count)
		return left_ms < SOON_MS ? SOON_MS : 0;
	for (size_t i = 0; i < policy->alarm_count; i++)
		if (left_ms < policy->alarm_ms[i])
			return policy->alarm_ms[i];
	return 0;
}

static struct cps_alarm raise_alarm(const char *kind, char *takes_text)
{
	struct cps_alarm a = { .text = takes_text };

	snprintf(a.kind, sizeof(a.kind), "%s", kind);
	return a;
}

static char *ends_soon(int64_t days)
{
	if (days < 1)
		return mem_dup("the certificate in production ends within a day");
	return mem_printf("the certificate in production ends in %" PRId64 " %s", days, days == 1 ? "day" : "days");
}

/* Its day is of no interest while a person is needed anyway; an end that is near is. */
static struct cps_alarm alarm_by_time(const struct config *config, const struct cps_item *item, int64_t now_ms)
{
	int64_t left = item->expiry_ms - now_ms, mark = item->expiry_ms ? passed_mark(policy_of(config, item), left) : 0;
	char text[CLOCK_TEXT_SIZE], kind[32];

	if (mark) {
		snprintf(kind, sizeof(kind), "expires-%lld%s", mark / (mark % DAY_MS ? DAY_MS / 24 : DAY_MS), mark % DAY_MS ? "h" : "d");
		return raise_alarm(kind, ends_soon(left / DAY_MS));
	}
	if (item->auto_renewal_ms && !item->change && now_ms - item->auto_renewal_ms > DAY_MS)
		return raise_alarm("not-renewed", mem_printf("CPS wanted to renew it at %s and has not begun", clock_text(item->auto_renewal_ms, text)));
	if (item->change && item->first_seen_change_ms && now_ms - item->first_seen_change_ms > 2 * DAY_MS)
		return raise_alarm("open-long", mem_printf("change %" PRId64 " is open for more than two days", item->change));
	return (struct cps_alarm){ 0 };
}

struct cps_alarm cps_alarm_of(const struct config *config, const struct cps_item *item, const char *kind, const char *text, int64_t now_ms)
{
	char at[CLOCK_TEXT_SIZE];

	if (cps_class_kind(&config->cps, item) == CPS_CLASS_IGNORED)
		return (struct cps_alarm){ 0 };
	if (item->expiry_ms && item->expiry_ms <= now_ms)
		return raise_alarm("expired", mem_printf("the certificate in production has ended at %s", clock_text(item->expiry_ms, at)));
	if (kind)
		return raise_alarm(kind, mem_dup(text));
	if (*item->last_error)
		return raise_alarm("failed", mem_dup(item->last_error));
	return alarm_by_time(config, item, now_ms);
}

/* ---- renewals */

static int64_t stagger(int64_t id, int64_t span_ms)
{
	return span_ms > 0 ? (int64_t)((uint64_t)id * 0x9E3779B97F4A7C15u % (uint64_t)span_ms) : 0;
}

bool cps_renewal_is_due(const struct config_cps_policy *policy, const struct cps_item *item, int64_t now_ms)
{
	int64_t before = policy ? policy->renew_before_ms : 0, span = before / 4 < DAY_MS ? before / 4 : DAY_MS;

	if (!before || item->change || !item->expiry_ms || !item->seen_ms)
		return false;
	if (item->renewal_asked_ms && now_ms - item->renewal_asked_ms < DAY_MS)
		return false;
	return now_ms >= item->expiry_ms - before + stagger(item->id, span);
}
