/* The audit log: its chain shows every change, and nobody fills it with refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "solver/api/audit/audit.h"
#include "solver/api/audit/audit_chain.h"
#include "solver/base/mem.h"

struct fixture {
	struct api api;
	char *lines[64];
	char *digests[64];
	size_t count;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	struct err err;

	f->api.parts.loop = loop_new();
	assert_int_equal(store_open_memory(NULL, &f->api.parts.store, &err), 0);
	f->api.audit = audit_new(&f->api);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	audit_free(f->api.audit);
	store_close(f->api.parts.store);
	loop_free(f->api.parts.loop);
	for (size_t i = 0; i < f->count; i++) {
		free(f->lines[i]);
		free(f->digests[i]);
	}
	free(f);
	return 0;
}

static void take(const struct store_audit *entry, void *arg)
{
	struct fixture *f = arg;

	assert_true(f->count < 64);
	f->lines[f->count] = mem_dup(entry->line);
	f->digests[f->count++] = mem_dup(entry->digest);
}

/* Ends the log, so that everything is in the store, and reads it. */
static void read_all(struct fixture *f)
{
	struct err err;

	audit_free(f->api.audit);
	f->api.audit = NULL;
	assert_int_equal(store_each_audit(f->api.parts.store, 0, 100, take, f, &err), 0);
}

static int verify(struct fixture *f, struct err *err)
{
	struct audit_chain chain = { 0 };

	for (size_t i = 0; i < f->count; i++)
		if (audit_chain_check(&chain, f->lines[i], f->digests[i], err) < 0)
			return err->code;
	return 0;
}

static void note(struct fixture *f, const char *client, const char *peer, const char *name, const char *result)
{
	audit_note(&f->api, &(struct audit_event){ "rest", client, peer, "present", "dns-01", name, result, NULL });
}

static void three_entries(struct fixture *f)
{
	note(f, "a", "192.0.2.1", "one.example", "ok");
	note(f, "a", "192.0.2.1", "two.example", "ok");
	note(f, "b", "192.0.2.2", "three.example", "failed");
	read_all(f);
	assert_int_equal(f->count, 3);
}

static void a_whole_chain_is_whole(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	three_entries(f);
	assert_int_equal(verify(f, &err), 0);
	assert_non_null(strstr(f->lines[1], "\"number\":2,"));
	assert_non_null(strstr(f->lines[1], "\"name\":\"two.example\""));
	assert_non_null(strstr(f->lines[1], f->digests[0]));
}

static void a_changed_entry_is_named(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	three_entries(f);
	strstr(f->lines[1], "two")[0] = 'T';
	assert_int_equal(verify(f, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.text, "entry 2"));
}

static void a_changed_entry_with_a_fitting_digest_breaks_the_next_one(void **state)
{
	struct fixture *f = *state;
	struct audit_chain chain = { 0 };
	struct err err = { 0 };

	three_entries(f);
	assert_int_equal(audit_chain_check(&chain, f->lines[0], f->digests[0], &err), 0);
	strstr(f->lines[1], "two")[0] = 'T';
	assert_int_equal(audit_chain_check(&chain, f->lines[1], NULL, &err), 0);
	assert_int_equal(audit_chain_check(&chain, f->lines[2], f->digests[2], &err), ERR_CONFLICT);
	assert_non_null(strstr(err.text, "entry 3"));
}

static void a_missing_entry_is_named(void **state)
{
	struct fixture *f = *state;
	struct audit_chain chain = { 0 };
	struct err err = { 0 };

	three_entries(f);
	assert_int_equal(audit_chain_check(&chain, f->lines[0], f->digests[0], &err), 0);
	assert_int_equal(audit_chain_check(&chain, f->lines[2], f->digests[2], &err), ERR_CONFLICT);
	assert_non_null(strstr(err.text, "entry 2 is missing"));
}

static void what_is_no_line_is_no_entry(void **state)
{
	static const char *const bad[] = { "", "{}", "[]", "{\"number\":1}", "{\"number\":1,\"number\":1,\"previous\":\"\"}", "{\"number\":\"1\",\"previous\":\"\"}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct audit_chain chain = { 0 };
		struct err err;

		if (audit_chain_check(&chain, bad[i], NULL, &err) == 0)
			fail_msg("%s was taken", bad[i]);
	}
}

static void a_stranger_is_written_once_in_a_while(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	char peer[64];

	for (int i = 0; i < 500; i++)
		note(f, NULL, "192.0.2.1", "", "denied");
	for (int i = 0; i < 500; i++) { /* one network of IPv6 */
		snprintf(peer, sizeof(peer), "2001:db8:1:2::%x", i);
		note(f, NULL, peer, "", "denied");
	}
	read_all(f);
	assert_int_equal(f->count, 4);
	assert_non_null(strstr(f->lines[2], "499 further refusals from this address"));
	assert_int_equal(verify(f, &err), 0);
}

/* However many addresses they have, whichever door and action they try. */
static void all_strangers_together_are_a_few_entries(void **state)
{
	static const char *const actions[] = { "access", "register", "update" };
	struct fixture *f = *state;
	struct err err = { 0 };
	char peer[64];

	for (int i = 0; i < 5000; i++) {
		snprintf(peer, sizeof(peer), i % 2 ? "10.1.%d.%d" : "2001:db8:%x:%x::1", i / 250, i % 250);
		audit_note(&f->api, &(struct audit_event){ i % 3 ? "rest" : "acme-dns", NULL, peer, actions[i % 3], NULL, NULL, "denied", NULL });
	}
	note(f, "a", "192.0.2.1", "one.example", "denied");
	note(f, "a", "192.0.2.1", "two.example", "denied");
	read_all(f);
	assert_in_range(f->count, 7, 11);
	assert_non_null(strstr(f->lines[f->count - 1], "4996 further refusals from other addresses"));
	assert_non_null(strstr(f->lines[5], "\"name\":\"two.example\""));
	assert_int_equal(verify(f, &err), 0);
}

static void each_name_that_a_client_reaches_for_is_written(void **state)
{
	struct fixture *f = *state;

	note(f, "a", "192.0.2.1", "one.example", "denied");
	note(f, "a", "192.0.2.1", "two.example", "denied");
	note(f, "a", "192.0.2.1", "two.example", "denied");
	read_all(f);
	assert_int_equal(f->count, 3);
}

static void the_chain_goes_on_after_a_restart(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	const struct audit_event event = { .door = "cli", .client = "user:x", .action = "client.add", .name = "y", .result = "ok" };

	note(f, "a", "192.0.2.1", "one.example", "ok");
	audit_free(f->api.audit);
	assert_int_equal(audit_append(f->api.parts.store, &event, &err), 0);
	f->api.audit = audit_new(&f->api);
	note(f, "a", "192.0.2.1", "two.example", "ok");
	read_all(f);
	assert_int_equal(f->count, 3);
	assert_int_equal(verify(f, &err), 0);
}

/* ---- retention ---- */

static void retain(struct fixture *f)
{
	static struct config config = { .audit.keep_ms = 1 };
	const struct timespec moment = { .tv_nsec = 5000000 };

	while (audit_head(&f->api)->number < 3)
		store_drain(f->api.parts.store);
	nanosleep(&moment, NULL); /* until they are old */
	f->api.config = &config;
	audit_retain(&f->api);
}

static int walk(struct fixture *f, size_t from, struct audit_walk *w, struct err *err)
{
	for (size_t i = from; i < f->count; i++)
		if (audit_walk_next(w, f->lines[i], f->digests[i], err) < 0)
			return err->code;
	return audit_walk_end(w, err);
}

static void two_of_three_entries_are_removed(struct fixture *f)
{
	note(f, "a", "192.0.2.1", "one.example", "ok");
	note(f, "a", "192.0.2.1", "two.example", "ok");
	note(f, "b", "192.0.2.2", "three.example", "failed");
	retain(f);
	note(f, "b", "192.0.2.2", "four.example", "ok");
	read_all(f);
	assert_int_equal(f->count, 3);
}

static void what_retention_leaves_can_be_verified(void **state)
{
	struct fixture *f = *state;
	struct audit_walk w = { 0 };
	struct err err = { 0 };

	two_of_three_entries_are_removed(f);
	assert_int_equal(walk(f, 0, &w, &err), 0);
	assert_int_equal(w.cut.number, 2);
	assert_int_equal(audit_chain_verify(f->api.parts.store, &err), 0);
}

static void a_beginning_that_retention_did_not_remove_is_missing(void **state)
{
	struct fixture *f = *state;
	struct audit_walk w = { 0 };
	struct err err = { 0 };

	two_of_three_entries_are_removed(f);
	assert_int_equal(walk(f, 1, &w, &err), ERR_CONFLICT);
	assert_string_equal(err.text, "entries 1 to 3 are missing, and no entry says that retention removed them");
}

/* ---- what somebody changed in the journal ---- */

static int verify_row(struct fixture *f, size_t i, int64_t number, int64_t later_ms, struct err *err)
{
	struct audit_walk w = { 0 };
	struct store_audit row = { .number = number, .line = f->lines[i], .digest = f->digests[i] };
	const char *at = strstr(row.line, "\"at\":\"") + 6;
	CLEANUP(mem_freep) char *text = mem_dup_n(at, strcspn(at, "\""));

	assert_int_equal(clock_parse(text, &row.at_ms), 0);
	row.at_ms += later_ms;
	return audit_walk_row(&w, &row, err);
}

static void a_row_stands_under_the_number_and_the_time_of_its_line(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	three_entries(f);
	assert_int_equal(verify_row(f, 0, 1, 0, &err), 0);
	assert_int_equal(verify_row(f, 0, 101, 0, &err), ERR_CONFLICT);
	assert_string_equal(err.text, "entry 1 stands under the number 101");
	assert_int_equal(verify_row(f, 0, -49, 0, &err), ERR_CONFLICT);
	assert_int_equal(verify_row(f, 0, 1, -1, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.text, "stands under another time"));
}

static void add_row(struct store *s, struct audit_chain *chain, int64_t written_ms, int64_t column_ms)
{
	const struct audit_event event = { .door = "rest", .action = "present", .result = "ok" };
	CLEANUP(mem_freep) char *line = audit_chain_add(chain, &event, written_ms);
	const struct store_audit entry = { chain->number, column_ms, line, chain->digest };
	struct store_txn *t = store_begin(s);

	store_add_audit(t, &entry);
	store_commit(t, NULL, NULL);
	store_drain(s);
}

static void retention_removes_no_entry_that_was_only_made_to_look_old(void **state)
{
	struct fixture *f = *state;
	struct store *s = f->api.parts.store;
	struct audit_chain chain = { 0 }, last;
	struct err err = { 0 };
	size_t count = 7;

	add_row(s, &chain, 1000, 1000);
	add_row(s, &chain, 9000, 1000);
	add_row(s, &chain, 9000, 9000);
	assert_int_equal(audit_old_find(s, 5000, 10, &last, &count, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.text, "entry 2 is of 1970-01-01T00:00:09.000Z and stands under another time"));
	assert_int_equal(count, 7);
	assert_int_equal(audit_chain_verify(s, &err), ERR_CONFLICT);
}

static void what_is_noted_elsewhere_is_a_number_and_a_digest(void **state)
{
	static const char *const bad[] = { "", ":", "1:", "1", "x:0123456789012345678901234567890123456789012", "1:012345678901234567890123456789012345678901",
		                           "-1:0123456789012345678901234567890123456789012", "1:01234567890123456789012345678901234567890123" };
	struct audit_chain head;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (audit_head_read(bad[i], &head, &err) == 0)
			fail_msg("%s was taken", bad[i]);
	assert_int_equal(audit_head_read("12:0123456789012345678901234567890123456789012", &head, &err), 0);
	assert_int_equal(head.number, 12);
}

static void what_is_no_utf8_is_still_a_line(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	note(f, "a", "192.0.2.1", "\xc3(.example", "ok");
	read_all(f);
	assert_int_equal(verify(f, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_changed_entry_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(a_changed_entry_with_a_fitting_digest_breaks_the_next_one, setup, teardown),
		cmocka_unit_test_setup_teardown(a_missing_entry_is_named, setup, teardown),
		cmocka_unit_test(what_is_no_line_is_no_entry),
		cmocka_unit_test_setup_teardown(a_whole_chain_is_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stranger_is_written_once_in_a_while, setup, teardown),
		cmocka_unit_test_setup_teardown(all_strangers_together_are_a_few_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(each_name_that_a_client_reaches_for_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(the_chain_goes_on_after_a_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(what_retention_leaves_can_be_verified, setup, teardown),
		cmocka_unit_test_setup_teardown(a_beginning_that_retention_did_not_remove_is_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_row_stands_under_the_number_and_the_time_of_its_line, setup, teardown),
		cmocka_unit_test_setup_teardown(retention_removes_no_entry_that_was_only_made_to_look_old, setup, teardown),
		cmocka_unit_test(what_is_noted_elsewhere_is_a_number_and_a_digest),
		cmocka_unit_test_setup_teardown(what_is_no_utf8_is_still_a_line, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
