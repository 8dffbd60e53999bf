#include "solver/cps/approval.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cps/json.h"

#define PREFIX "cps-approval/"

/* ---- the journal */

int cps_approvals_put(struct store *s, const char *home, const struct cps_approvals *a, struct err *err)
{
	CLEANUP(mem_freep) char *key = mem_printf(PREFIX "%s", home);
	CLEANUP(mem_freep) char *value = NULL;
	json_t *people = json_array();
	json_t *o = json_pack("{s:I, s:s, s:o, s:I, s:b}", "change", (json_int_t)a->change, "hash", a->hash, "people", people, "not_before",
	                      (json_int_t)a->not_before_ms, "denied", a->denied);

	for (size_t i = 0; i < cps_approvals_count(a); i++)
		json_array_append_new(people, json_pack("{s:s, s:I}", "who", a->who[i], "at", (json_int_t)a->given_ms[i]));
	value = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return value ? store_put_setting(s, key, value, err) : err_set(err, ERR_INVALID, "the hash of the result is not UTF-8");
}

static void read_row(const json_t *o, struct cps_approvals *ret)
{
	json_t *one;
	size_t i;

	*ret = (struct cps_approvals){ .change = cps_json_id(o, "change"), .hash = cps_json_text(o, "hash"), .not_before_ms = cps_json_id(o, "not_before"),
	                               .denied = json_is_true(json_object_get(o, "denied")) };
	json_array_foreach(json_object_get(o, "people"), i, one) {
		if (i >= CPS_APPROVERS_MAX)
			break;
		ret->who[i] = cps_json_text(one, "who");
		ret->given_ms[i] = cps_json_id(one, "at");
	}
}

int cps_approvals_get(struct store *s, const char *home, struct cps_approvals *ret, struct err *err)
{
	CLEANUP(mem_freep) char *key = mem_printf(PREFIX "%s", home);
	CLEANUP(mem_freep) char *value = NULL;
	json_t *o;
	int code = 0;

	if (store_get_setting(s, key, &value, err) < 0)
		return err->code;
	o = value ? json_loads(value, 0, NULL) : NULL;
	if (json_is_object(o))
		read_row(o, ret);
	else
		code = err_set(err, value ? ERR_DAMAGED : ERR_NOT_FOUND, "nobody has agreed to the change of enrollment %s", home);
	json_decref(o);
	return code;
}

void cps_approvals_forget(struct store *s, const char *home)
{
	CLEANUP(mem_freep) char *key = mem_printf(PREFIX "%s", home);
	struct store_txn *t = store_begin(s);

	store_set(t, key, NULL);
	store_commit(t, NULL, NULL);
}

void cps_approvals_done(struct cps_approvals *a)
{
	for (size_t i = 0; i < CPS_APPROVERS_MAX; i++)
		free(a->who[i]);
	free(a->hash);
	*a = (struct cps_approvals){ 0 };
}

/* ---- saying yes or no */

static bool is_for(const struct cps_approvals *a, int64_t change, const char *hash)
{
	return a->hash && a->change == change && strcmp(a->hash, hash) == 0;
}

size_t cps_approvals_count(const struct cps_approvals *a)
{
	size_t count = 0;

	while (count < CPS_APPROVERS_MAX && a->who[count])
		count++;
	return count;
}

void cps_approvals_add(struct cps_approvals *a, int64_t change, const char *hash, const char *who, int64_t at_ms, int64_t not_before_ms, bool deny)
{
	size_t place = 0;

	if (!is_for(a, change, hash)) {
		cps_approvals_done(a);
		a->change = change;
		a->hash = mem_dup(hash);
	}
	a->denied |= deny;
	if (not_before_ms > a->not_before_ms)
		a->not_before_ms = not_before_ms;
	while (place < CPS_APPROVERS_MAX && a->who[place] && strcmp(a->who[place], who) != 0)
		place++;
	if (place == CPS_APPROVERS_MAX || a->who[place])
		return;
	a->who[place] = mem_dup(who);
	a->given_ms[place] = at_ms;
}

/* ---- judging */

static bool is_urgent(const struct cps_hold *hold, const struct cps_approval_rule *rule, int64_t wall_ms)
{
	return rule->asks && rule->after_ms > 0 && hold->deadline_ms && wall_ms && wall_ms >= hold->deadline_ms - rule->after_ms;
}

enum cps_approval cps_approvals_judge(const struct cps_approvals *a, int64_t change, const struct cps_hold *hold, const struct cps_approval_rule *rule,
                                      int64_t wall_ms)
{
	bool mine = is_for(a, change, hold->hash);

	if (hold->error_count)
		return CPS_APPROVAL_ERRORS;
	if (rule->asks && mine && a->denied)
		return CPS_APPROVAL_DENIED;
	if (rule->acknowledges || is_urgent(hold, rule, wall_ms))
		return CPS_APPROVAL_GIVEN;
	if (!rule->asks || !mine || cps_approvals_count(a) < rule->wanted)
		return CPS_APPROVAL_WAITING;
	return a->not_before_ms && (!wall_ms || wall_ms < a->not_before_ms) ? CPS_APPROVAL_LATER : CPS_APPROVAL_GIVEN;
}

int64_t cps_approvals_wake(const struct cps_approvals *a, const struct cps_hold *hold, const struct cps_approval_rule *rule)
{
	int64_t urgent = rule->asks && rule->after_ms > 0 && hold->deadline_ms ? hold->deadline_ms - rule->after_ms : 0;

	if (a->not_before_ms && (!urgent || a->not_before_ms < urgent))
		return a->not_before_ms;
	return urgent;
}
