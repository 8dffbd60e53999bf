/* What a person acknowledges, or denies, by hand: challenges, warnings, change management. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/cps/change.h"
#include "solver/cps/errands.h"
#include "solver/cps/json.h"
#include "solver/cps/warnings.h"

enum consent { CONSENT_NAMES, CONSENT_WARNINGS, CONSENT_CHANGE };

static enum consent what(const struct errand *e)
{
	if (strcmp(errand_input(e, "what"), "warnings") == 0)
		return CONSENT_WARNINGS;
	return strcmp(errand_input(e, "what"), "change-management") == 0 ? CONSENT_CHANGE : CONSENT_NAMES;
}

static const struct cps_allowed *input_of(const struct errand *e, const struct cps_change *c)
{
	const struct cps_allowed *pre = cps_change_input(c, CPS_INPUT_PRE_WARNINGS);

	switch (what(e)) {
	case CONSENT_WARNINGS:
		return pre ? pre : cps_change_input(c, CPS_INPUT_POST_WARNINGS);
	case CONSENT_CHANGE:
		return cps_change_input(c, CPS_INPUT_CHANGE_MANAGEMENT);
	default:
		return cps_change_input(c, CPS_INPUT_CHALLENGES);
	}
}

static const char *thing(const struct errand *e)
{
	static const char *const things[] = { "challenges", "warnings", "change management" };

	return things[what(e)];
}

static void on_acknowledged(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;

	(void)reply;
	e->call = NULL;
	json_decref(e->result);
	e->result = json_pack("{s:I, s:b, s:b}", "change", (json_int_t)e->change, "acknowledged", !errand_flag(e, "deny"), "denied",
	                      errand_flag(e, "deny"));
	errand_end(e, err);
}

static void consent(struct errand *e, const char *hash)
{
	json_t *body = json_pack("{s:s}", "acknowledgement", errand_flag(e, "deny") ? "deny" : "acknowledge");
	CLEANUP(mem_freep) char *text = NULL;

	if (hash)
		json_object_set_new(body, "hash", json_string(hash));
	text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	e->priority = AKAMAI_ACKNOWLEDGES;
	errand_ask(e, &(struct akamai_request){ .method = "POST", .path = e->text, .accept = "change-id.v1",
	                                        .content_type = hash ? "acknowledgement-with-hash.v1" : "acknowledgement.v1", .body = text },
	           on_acknowledged);
}

/* What was shown, and nothing else, is agreed to. */
static void on_warnings(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	CLEANUP(mem_freep) char *text = NULL;
	const char *expected = errand_input(e, "expect_digest");
	char digest[CPS_DIGEST_SIZE];
	struct err parse = *err;

	e->call = NULL;
	if (parse.code == 0)
		cps_warnings_parse(reply->body, reply->body_length, &text, &parse);
	if (parse.code < 0) {
		errand_end(e, &parse);
		return;
	}
	if (!e->text) {
		e->result = cps_warnings_json(text);
		json_object_set_new(e->result, "change", json_integer((json_int_t)e->change));
		errand_end(e, &parse);
		return;
	}
	if (strncmp(expected, CPS_DIGEST_PREFIX, strlen(CPS_DIGEST_PREFIX)) == 0)
		expected += strlen(CPS_DIGEST_PREFIX);
	if (*expected && strcasecmp(expected, cps_warnings_digest(text, digest)) != 0)
		errand_fail(e, ERR_CONFLICT, "the warnings of change %" PRId64 " are other ones by now (%s%s): look at them again", e->change,
		            CPS_DIGEST_PREFIX, digest);
	else
		consent(e, NULL);
}

static void on_hold(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct cps_hold hold = { 0 };
	const char *expected = errand_input(e, "hash");
	struct err parse = *err;

	e->call = NULL;
	if (parse.code == 0)
		cps_hold_parse(reply->body, reply->body_length, &hold, &parse);
	if (parse.code < 0)
		errand_end(e, &parse);
	else if (strcmp(expected, hold.hash) != 0)
		errand_fail(e, ERR_CONFLICT, "change %" PRId64 " shows the result %s, not %s: look at it again", e->change, hold.hash,
		            *expected ? expected : "(none given)");
	else
		consent(e, hold.hash);
	cps_hold_done(&hold);
}

static void on_change(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct cps_change c = { 0 };
	struct err parse = *err;
	const struct cps_allowed *input;

	e->call = NULL;
	if (parse.code == 0)
		cps_change_parse(reply->body, reply->body_length, e->enrollment, e->change, &c, &parse);
	if (parse.code < 0) {
		errand_end(e, &parse);
		return;
	}
	input = input_of(e, &c);
	if (!input || !*input->update || !*input->info) {
		errand_fail(e, ERR_NOT_FOUND, "change %" PRId64 " does not wait for an acknowledgement of %s", e->change, thing(e));
		cps_change_done(&c);
		return;
	}
	if (!errand_flag(e, "look"))
		e->text = mem_dup(input->update);
	if (what(e) == CONSENT_WARNINGS)
		errand_get(e, input->info, "warnings.v1", on_warnings);
	else if (what(e) == CONSENT_CHANGE)
		errand_get(e, input->info, "change-management-info.v6", on_hold);
	else
		consent(e, NULL);
	cps_change_done(&c);
}

static void on_enrollment(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct cps_enrollment one = { 0 };
	struct err parse = *err;
	const struct cps_pending *newest;
	char path[ERRAND_PATH_SIZE];

	e->call = NULL;
	if (parse.code == 0)
		cps_enrollment_parse(reply->body, reply->body_length, &one, &parse);
	newest = parse.code < 0 ? NULL : cps_enrollment_newest(&one);
	e->change = newest ? newest->change : 0;
	cps_enrollment_done(&one);
	if (parse.code < 0)
		errand_end(e, &parse);
	else if (!e->change)
		errand_fail(e, ERR_NOT_FOUND, "enrollment %" PRId64 " has no pending change", e->enrollment);
	else {
		errand_change_path(e, path, "");
		errand_get(e, path, "change.v2", on_change);
	}
}

int cps_ack_start(struct errand *e, struct err *err)
{
	char path[ERRAND_PATH_SIZE];

	(void)err;
	errand_enrollment_path(e, path, "");
	errand_get(e, path, "enrollment.v12", on_enrollment);
	return 0;
}

int cps_warnings_start(struct errand *e, struct err *err)
{
	json_object_set_new(e->input, "what", json_string("warnings"));
	json_object_set_new(e->input, "look", json_true());
	return cps_ack_start(e, err);
}
