/* The list of enrollments, contract by contract; contracts that nobody configured are found out once a day. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/cps/answer.h"
#include "solver/cps/errands.h"
#include "solver/cps/json.h"
#include "solver/cps/watch.h"

#define CONTRACTS_MAX 256
#define LEARN_MS (24LL * 3600 * 1000)
#define CONTRACTS_PATH "/contract-api/v1/contracts/identifiers?depth=TOP"

static void list_next(struct errand *e);

/* Its class, and what the inventory of the service knows. */
static void add_known(const struct errand *e, const struct cps_enrollment *one, json_t *o)
{
	CLEANUP(mem_freep) char *key = mem_printf("%s%s%lld", e->account->name, *e->account->name ? "/" : "", (long long)one->id);
	const struct cps_item *known = e->cps->watch ? cps_inventory_find(cps_watch_inventory(e->cps->watch), key) : NULL;
	char none[] = "";
	const char *contract = json_string_value(json_object_get(o, "contract"));
	CLEANUP(mem_freep) char *own = mem_dup(contract ? contract : none);
	const struct cps_item item = { .account = e->account->name, .contract = own, .cn = one->cn, .validation_type = one->validation_type, .ra = one->ra };

	json_object_set_new(o, "class", json_string(cps_class_name(cps_class_kind(&e->cps->parts.config->cps, &item))));
	json_object_set_new(o, "expiry", errand_time(known ? known->expiry_ms : 0));
	json_object_set_new(o, "alarm", errand_text(known ? known->alarm : NULL));
}

static void add_to_list(const struct cps_enrollment *one, void *arg)
{
	struct errand *e = arg;
	json_t *o = cps_answer_enrollment(one);

	json_object_set_new(o, "contract", errand_text(e->contracts && e->contracts[0] ? e->contracts[e->contract] : NULL));
	json_object_set_new(o, "account", errand_text(e->account->name));
	add_known(e, one, o);
	json_array_append_new(json_object_get(e->result, "enrollments"), o);
}

static int by_id(const void *a, const void *b)
{
	json_int_t x = json_integer_value(json_object_get(*(json_t *const *)a, "id")), y = json_integer_value(json_object_get(*(json_t *const *)b, "id"));

	return (x > y) - (x < y);
}

/* All of them, or with "limit" those whose ids follow "after". */
static void end_page(struct errand *e)
{
	json_int_t limit = json_integer_value(json_object_get(e->input, "limit")), after = json_integer_value(json_object_get(e->input, "after"));
	json_t *all = json_object_get(e->result, "enrollments"), *page = json_array(), **sorted, *one, *last = NULL;
	size_t i, count = json_array_size(all);

	if (limit > 0) {
		sorted = mem_new(count + 1, sizeof(json_t *));
		json_array_foreach(all, i, one)
			sorted[i] = one;
		qsort(sorted, count, sizeof(json_t *), by_id);
		for (i = 0; i < count && json_array_size(page) < (size_t)limit; i++)
			if (json_integer_value(json_object_get(sorted[i], "id")) > after)
				json_array_append(page, last = sorted[i]);
		json_object_set_new(e->result, "next", i < count && last ? json_incref(json_object_get(last, "id")) : json_null());
		json_object_set_new(e->result, "total", json_integer((json_int_t)count));
		json_object_set(e->result, "enrollments", page);
		free(sorted);
	}
	json_decref(page);
	errand_end(e, &(struct err){ 0 });
}

static void on_enrollments(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct err parse = *err;
	size_t skipped = 0;

	e->call = NULL;
	if (parse.code == 0 && cps_enrollments_each(reply->body, reply->body_length, add_to_list, e, &skipped, &parse) == 0 && skipped) {
		char count[24];

		snprintf(count, sizeof(count), "%zu", skipped);
		log_event(LOG_WARNING, "some enrollments that CPS lists cannot be read and are left out", "count", count, NULL);
		json_object_set_new(e->result, "skipped", json_integer((json_int_t)(json_integer_value(json_object_get(e->result, "skipped")) + skipped)));
	}
	if (parse.code < 0) {
		errand_end(e, &parse);
		return;
	}
	e->contract++;
	if (e->contracts && e->contracts[0] && e->contracts[e->contract])
		list_next(e);
	else
		end_page(e);
}

static void list_next(struct errand *e)
{
	char path[ERRAND_PATH_SIZE];
	const char *contract = e->contracts ? e->contracts[e->contract] : NULL;

	snprintf(path, sizeof(path), "/cps/v2/enrollments%s%s", contract ? "?contractId=" : "", contract ? contract : "");
	errand_get(e, path, "enrollments.v12", on_enrollments);
}

/* ---- contracts */

static char **copy_list(char *const *list)
{
	size_t count = 0;
	char **copy;

	while (list && list[count])
		count++;
	copy = mem_new(count + 1, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = mem_dup(list[i]);
	return copy;
}

/* Contract ids are short words; anything else never reaches a URL. */
static bool is_contract(const char *text)
{
	return text && *text && strlen(text) <= 64 &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(text);
}

static char **read_contracts(const struct http_reply *reply, struct err *err)
{
	json_t *list = cps_json_load(reply->body, reply->body_length, "the list of contracts", err);
	char **contracts = list ? mem_new(CONTRACTS_MAX + 1, sizeof(*contracts)) : NULL;
	size_t i, count = 0;
	json_t *one;

	json_array_foreach(list, i, one) {
		const char *text = json_string_value(one);

		if (text && strncmp(text, "ctr_", 4) == 0)
			text += 4;
		if (is_contract(text) && count < CONTRACTS_MAX)
			contracts[count++] = mem_dup(text);
	}
	json_decref(list);
	return contracts;
}

/* Who may not ask for contracts gets the list without one, as before CPS wanted to know. */
static void on_contracts(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct err parse = *err;
	char **contracts = NULL;

	e->call = NULL;
	if (parse.code == 0)
		contracts = read_contracts(reply, &parse);
	if (parse.code == ERR_DENIED || parse.code == ERR_NOT_FOUND) {
		log_event(LOG_WARNING, "the contracts of the account cannot be found out; listing without one", "error", parse.text, NULL);
		contracts = mem_new(1, sizeof(*contracts));
	} else if (parse.code < 0) {
		errand_end(e, &parse);
		return;
	}
	cps_account_learn(e->account, contracts, loop_now_ms(e->cps->parts.loop));
	e->contracts = copy_list(contracts);
	list_next(e);
}

static bool is_learned(const struct errand *e)
{
	return e->account->contracts && loop_now_ms(e->cps->parts.loop) - e->account->learned_ms < LEARN_MS;
}

int cps_list_start(struct errand *e, struct err *err)
{
	char **configured = cps_account_configured(&e->cps->parts.config->cps, e->account);

	(void)err;
	e->result = json_pack("{s:[]}", "enrollments");
	if (configured && configured[0])
		e->contracts = copy_list(configured);
	else if (is_learned(e))
		e->contracts = copy_list(e->account->contracts);
	if (e->contracts)
		list_next(e);
	else
		errand_get(e, CONTRACTS_PATH, "application/json", on_contracts);
	return 0;
}
