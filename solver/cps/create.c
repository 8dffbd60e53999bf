/* Creating an enrollment: exactly one, also when the answer is lost. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/cps/edit.h"
#include "solver/cps/json.h"
#include "solver/cps/writing.h"

#define CREATION_PAUSE_MS (5 * 60 * 1000 + 5000) /* CPS takes one creation in five minutes for a contract */
#define CREATION_TRIES 2

static const struct writing_flag create_flags[] = {
	{ "allow_duplicate_cn", "allow-duplicate-cn", false }, { "deploy_not_before", "deploy-not-before", true },
	{ "deploy_not_after", "deploy-not-after", true }, { NULL },
};

static json_t *load_object(const char *text)
{
	json_t *o = text ? json_loads(text, 0, NULL) : NULL;

	return o ? o : json_object();
}

/* Defaults, the profile over them, and what was given over both. */
static json_t *compose(const struct errand *e, struct err *err)
{
	const struct config_cps *cps = &e->cps->parts.config->cps;
	json_t *wanted = load_object(cps->enrollment_defaults), *profiles = load_object(cps->profiles);
	const char *name = errand_input(e, "profile");
	const json_t *profile = *name ? json_object_get(profiles, name) : NULL;
	const json_t *sans = json_object_get(e->input, "add_sans");
	size_t i;
	json_t *one;

	if (*name && !profile)
		err_set(err, ERR_INVALID, "there is no profile \"%.64s\" under cps.profiles", name);
	cps_edit_merge(wanted, profile);
	cps_edit_merge(wanted, json_object_get(e->input, "body"));
	if (*errand_input(e, "cn")) {
		json_t *csr = json_pack("{s:{s:s}}", "csr", "cn", errand_input(e, "cn"));

		cps_edit_merge(wanted, csr);
		json_decref(csr);
		if (err->code == 0)
			cps_edit_add_san(wanted, errand_input(e, "cn"), err);
	}
	json_array_foreach((json_t *)sans, i, one)
		if (err->code == 0 && json_is_string(one))
			cps_edit_add_san(wanted, json_string_value(one), err);
	json_decref(profiles);
	return wanted;
}

/* Of the input, of what it was composed from, or the only one that is configured. */
static int choose_contract(struct errand *e, struct err *err)
{
	char **configured = cps_account_configured(&e->cps->parts.config->cps, e->account);
	const char *contract = errand_input(e, "contract"), *inside = json_string_value(json_object_get(e->wanted, "contract"));

	if (!*contract && inside)
		contract = inside;
	if (!*contract && configured && configured[0] && !configured[1])
		contract = configured[0];
	if (strncmp(contract, "ctr_", 4) == 0)
		contract += 4;
	if (!*contract || strlen(contract) > 64 ||
	    strspn(contract, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != strlen(contract))
		return err_set(err, ERR_INVALID, *contract ? "\"%.64s\" is no contract id" : "a contract is wanted%s: --contract, or contract in the file "
		               "or in cps.enrollment-defaults", contract);
	e->text = mem_dup(contract);
	json_object_del(e->wanted, "contract");
	return 0;
}

static void send_creation(void *arg);

/* The enrollments of the contract with this common name that were not there before. */
struct same_name {
	struct errand *e;
	int64_t newest, before;
	bool any;
};

static void find_same_name(const struct cps_enrollment *one, void *arg)
{
	struct same_name *s = arg;
	const char *cn = json_string_value(json_object_get(json_object_get(s->e->wanted, "csr"), "cn"));

	if (!cn || strcasecmp(one->cn, cn) != 0)
		return;
	s->any = true;
	if (one->id > s->newest)
		s->newest = one->id;
}

static int read_same_name(struct errand *e, const struct http_reply *reply, struct same_name *ret, struct err *err)
{
	size_t skipped;

	*ret = (struct same_name){ .e = e };
	return cps_enrollments_each(reply->body, reply->body_length, find_same_name, ret, &skipped, err);
}

static void list_contract(struct errand *e, akamai_client_fn done)
{
	char path[ERRAND_PATH_SIZE];

	snprintf(path, sizeof(path), "/cps/v2/enrollments?contractId=%s", e->text);
	errand_get(e, path, "enrollments.v12", done);
}

static void on_list_after(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct same_name same;
	struct err parse = *err;

	e->call = NULL;
	if (parse.code == 0)
		read_same_name(e, reply, &same, &parse);
	if (parse.code < 0) {
		errand_fail(e, parse.code, "the answer to the creation was lost, and the list that would tell what became of it too: %s", parse.text);
		return;
	}
	if (same.newest <= e->enrollment) { /* the newest of that name before */
		errand_fail(e, ERR_TIMEOUT, "the answer to the creation was lost, and no enrollment of that name is listed: it can be repeated");
		return;
	}
	e->result = json_pack("{s:I, s:[], s:b, s:s}", "enrollment", (json_int_t)same.newest, "changes", "changed", 1, "note",
	                      "the answer was lost; the list shows the enrollment");
	errand_end(e, &parse);
}

static void on_created(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	bool duplicate = reply && reply->body && strcasestr(reply->body, "duplicate");

	e->call = NULL;
	if (writing_is_lost(reply, err)) {
		list_contract(e, on_list_after);
	} else if (err->code == ERR_CONFLICT && !duplicate && e->tries++ < CREATION_TRIES) {
		e->timer = timer_start(e->cps->parts.loop, CREATION_PAUSE_MS, send_creation, e);
	} else {
		if (err->code == 0)
			writing_take_status(e, reply);
		errand_end(e, err);
	}
}

static void send_creation(void *arg)
{
	struct errand *e = arg;
	CLEANUP(buf_done) struct buf path = BUF_INIT(ERRAND_PATH_SIZE);
	struct err err = { 0 };

	e->timer = NULL;
	buf_printf(&path, "/cps/v2/enrollments?contractId=%s", e->text);
	if (writing_query(e, create_flags, &path, &err) < 0) {
		errand_end(e, &err);
		return;
	}
	writing_send(e, "POST", buf_text(&path), "enrollment-status.v1", "enrollment.v12", e->wanted, on_created);
}

static void on_list_before(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct same_name same;
	struct err parse = *err;

	e->call = NULL;
	if (parse.code == 0)
		read_same_name(e, reply, &same, &parse);
	if (parse.code < 0)
		errand_end(e, &parse);
	else if (same.any && !errand_flag(e, "allow_duplicate_cn"))
		errand_fail(e, ERR_EXISTS, "enrollment %" PRId64 " has this common name already; --allow-duplicate-cn makes another one", same.newest);
	else {
		e->enrollment = same.newest;
		send_creation(e);
	}
}

int cps_create_start(struct errand *e, struct err *err)
{
	json_t *composed;

	err->code = 0;
	composed = compose(e, err);
	e->wanted = cps_edit_copy(composed);
	json_decref(composed);
	if (err->code < 0 || choose_contract(e, err) < 0)
		return err->code;
	if (writing_keeps_rules(e))
		list_contract(e, on_list_before);
	return 0;
}
