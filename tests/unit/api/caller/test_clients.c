/* Changes of clients, and that one who may make them is always left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/api/api.h"
#include "solver/api/access/clients.h"
#include "solver/api/common/state_file.h"
#include "solver/base/mem.h"

#define ALL "{\"identifiers\":[\"*\"]}"
#define LAST "is the only operator"

struct world {
	struct store *store;
	char folder[32];
};

static void put_client(struct world *w, const char *name, const char *grants, bool revoked)
{
	const struct store_client c = { (char *)name, (char *)"", (char *)grants, 1, revoked };
	struct err err;

	assert_int_equal(store_put_client(w->store, &c, &err), 0);
}

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct err err;

	strcpy(w->folder, "/tmp/clientsXXXXXX");
	assert_non_null(mkdtemp(w->folder));
	assert_int_equal(store_open_memory(NULL, &w->store, &err), 0);
	put_client(w, "operator", ALL, false);
	put_client(w, "web", "{\"identifiers\":[\"web.test\"]}", false);
	put_client(w, "watcher", "{\"role\":\"reader\"}", false);
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;
	CLEANUP(mem_freep) char *file = mem_printf("%s/operator.token", w->folder);

	unlink(file);
	rmdir(w->folder);
	store_close(w->store);
	free(w);
	return 0;
}

static int set(struct world *w, const char *name, const char *text, struct problem *problem)
{
	json_t *patch = json_loads(text, 0, NULL);
	int code;

	*problem = (struct problem){ 0 };
	code = client_set(w->store, name, patch, problem);
	json_decref(patch);
	return code;
}

static void assert_last(int code, const struct problem *problem)
{
	assert_int_equal(code, ERR_CONFLICT);
	assert_non_null(strstr(problem->err.text, LAST));
	assert_non_null(strstr(problem->err.text, "dcvd client add NAME --grant '*'"));
}

static const char *const demotions[] = { "{\"role\":\"reader\"}", "{\"role\":\"client\"}", "{\"identifiers\":[\"web.test\"]}", "{\"doors\":[\"httpreq\"]}",
	                                 "{\"role\":\"client\",\"identifiers\":[\"*\"]}" };

static void the_last_operator_stays_one(void **state)
{
	struct world *w = *state;
	struct problem problem = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(demotions); i++)
		assert_last(set(w, "operator", demotions[i], &problem), &problem);
	problem = (struct problem){ 0 };
	assert_last(client_revoke(w->store, "operator", &problem), &problem);
}

static void who_can_operate_no_more_is_no_other_operator(void **state)
{
	struct world *w = *state;
	struct problem problem = { 0 };

	put_client(w, "gone", ALL, true);
	put_client(w, "elsewhere", "{\"identifiers\":[\"*\"],\"doors\":[\"httpreq\"]}", false);
	put_client(w, "names", "{\"identifiers\":[\"*\"],\"role\":\"client\"}", false);
	assert_last(client_revoke(w->store, "operator", &problem), &problem);
}

static void one_of_two_operators_may_go(void **state)
{
	struct world *w = *state;
	struct problem problem = { 0 };

	put_client(w, "second", ALL, false);
	assert_int_equal(set(w, "operator", demotions[0], &problem), 0);
	assert_last(client_revoke(w->store, "second", &problem), &problem);
	assert_int_equal(set(w, "operator", "{\"role\":\"operator\",\"identifiers\":[\"*\"]}", &problem), 0);
	assert_int_equal(client_revoke(w->store, "second", &problem), 0);
}

static void what_leaves_the_last_operator_one_is_no_matter(void **state)
{
	struct world *w = *state;
	struct problem problem = { 0 };

	assert_int_equal(set(w, "operator", "{\"rate\":\"100/1m\",\"doors\":[\"rest\"]}", &problem), 0);
	assert_int_equal(client_revoke(w->store, "web", &problem), 0);
	assert_int_equal(client_revoke(w->store, "web", &problem), 0);
	assert_int_equal(set(w, "watcher", "{\"rate\":\"5/1m\"}", &problem), 0);
}

/* ---- the way back ---- */

static const struct client *after_start(struct world *w, struct client_list **ret)
{
	CLEANUP(mem_freep) char *token = NULL;
	struct err err;

	assert_int_equal(api_bootstrap_operator(w->store, w->folder, &err), 0);
	assert_int_equal(client_list_load(w->store, ret, &err), 0);
	if (state_file_read(w->folder, "operator.token", &token, &err) < 0)
		return NULL;
	token[strcspn(token, "\n")] = '\0';
	return client_list_bearer(*ret, token);
}

static void a_start_without_any_operator_makes_one(void **state)
{
	static const struct { const char *grants; bool revoked; } lost[] = { { ALL, true }, { "{\"role\":\"reader\"}", false }, { "{\"identifiers\":[\"web.test\"]}", false } };

	for (size_t i = 0; i < ARRAY_LEN(lost); i++) {
		struct world *w = *state;
		struct client_list *l;
		const struct client *made;

		put_client(w, "operator", lost[i].grants, lost[i].revoked);
		made = after_start(w, &l);
		assert_non_null(made);
		assert_string_equal(made->name, "operator");
		assert_true(grants_operator(made->grants));
		client_list_free(l);
	}
}

static void a_start_with_an_operator_makes_none(void **state)
{
	struct world *w = *state;
	struct client_list *l;

	put_client(w, "operator", ALL, true);
	put_client(w, "second", ALL, false);
	assert_null(after_start(w, &l));
	assert_true(client_list_named(l, "operator")->revoked);
	client_list_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_last_operator_stays_one, begin, end),
		cmocka_unit_test_setup_teardown(who_can_operate_no_more_is_no_other_operator, begin, end),
		cmocka_unit_test_setup_teardown(one_of_two_operators_may_go, begin, end),
		cmocka_unit_test_setup_teardown(what_leaves_the_last_operator_one_is_no_matter, begin, end),
		cmocka_unit_test_setup_teardown(a_start_without_any_operator_makes_one, begin, end),
		cmocka_unit_test_setup_teardown(a_start_with_an_operator_makes_none, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
