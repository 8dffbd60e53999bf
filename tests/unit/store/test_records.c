/* The contract of the audit log, the accounts, the settings and the history, once for every backend. */
#include "tests/unit/store/fixture.h"

static void audit(struct store_txn *t, int64_t number)
{
	CLEANUP(mem_freep) char *line = mem_printf("{\"number\":%lld}", (long long)number);
	CLEANUP(mem_freep) char *digest = mem_printf("digest-%lld", (long long)number);
	struct store_audit entry = { number, 1000 + number, line, digest };

	store_add_audit(t, &entry);
}

static void print_audit(const struct store_audit *entry, void *arg)
{
	buf_printf(arg, "%lld %lld %s %s\n", (long long)entry->number, (long long)entry->at_ms, entry->line, entry->digest);
}

static void assert_audit(struct fixture *f, int64_t after, size_t limit, const char *expected)
{
	CLEANUP(buf_done) struct buf seen = BUF_INIT(65536);
	struct err err = { 0 };

	assert_int_equal(store_each_audit(f->store, after, limit, print_audit, &seen, &err), 0);
	assert_string_equal(buf_text(&seen), expected);
}

static void a_number_that_exists_is_refused_with_its_whole_transaction(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct outcome o;

	audit(t, 1);
	assert_int_equal(commit(f, t).code, 0);
	t = store_begin(f->store);
	put(t, "ch_1");
	audit(t, 1);
	o = commit(f, t);
	assert_int_equal(o.code, ERR_INVALID);
	assert_non_null(strstr(o.text, "audit entry 1"));
	assert_holds(f, "");
	assert_audit(f, 0, 10, "1 1001 {\"number\":1} digest-1\n");
}

static void a_gap_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);

	audit(t, 2);
	assert_int_equal(commit(f, t).code, ERR_INVALID);
	t = store_begin(f->store);
	audit(t, 1);
	audit(t, 3);
	assert_int_equal(commit(f, t).code, ERR_INVALID);
	assert_audit(f, 0, 10, "");
}

static void an_empty_audit_log_has_number_0_as_its_last(void **state)
{
	struct fixture *f = *state;
	struct store_audit last = { .number = 7 };
	struct err err = { 0 };

	assert_int_equal(store_last_audit(f->store, &last, &err), 0);
	assert_int_equal(last.number, 0);
	assert_null(last.line);
	assert_audit(f, 0, 10, "");
}

static void audit_entries_come_back_in_pages(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct store_audit last = { 0 };
	struct err err = { 0 };

	audit(t, 1);
	audit(t, 2);
	assert_int_equal(commit(f, t).code, 0);
	reopen(f);
	t = store_begin(f->store);
	audit(t, 3);
	assert_int_equal(commit(f, t).code, 0);
	assert_audit(f, 0, 2, "1 1001 {\"number\":1} digest-1\n2 1002 {\"number\":2} digest-2\n");
	assert_audit(f, 2, 2, "3 1003 {\"number\":3} digest-3\n");
	assert_audit(f, 3, 2, "");
	assert_audit(f, 0, 0, "");
	assert_int_equal(store_last_audit(f->store, &last, &err), 0);
	assert_int_equal(last.number, 3);
	assert_int_equal(last.at_ms, 1003);
	assert_string_equal(last.line, "{\"number\":3}");
	assert_string_equal(last.digest, "digest-3");
	free(last.line);
	free(last.digest);
}

static void old_audit_entries_go_from_the_beginning_and_numbers_go_on(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);

	for (int64_t n = 1; n <= 4; n++)
		audit(t, n);
	assert_int_equal(commit(f, t).code, 0);
	t = store_begin(f->store);
	audit(t, 5);
	store_trim_audit(t, 3);
	assert_int_equal(commit(f, t).code, 0);
	reopen(f);
	assert_audit(f, 0, 10, "4 1004 {\"number\":4} digest-4\n5 1005 {\"number\":5} digest-5\n");
	assert_audit(f, 4, 10, "5 1005 {\"number\":5} digest-5\n");
	t = store_begin(f->store);
	store_trim_audit(t, 99);
	audit(t, 6);
	assert_int_equal(commit(f, t).code, 0);
	assert_audit(f, 0, 10, "5 1005 {\"number\":5} digest-5\n6 1006 {\"number\":6} digest-6\n");
}

static void print_account(const struct store_account *a, void *arg)
{
	buf_printf(arg, "%s %s %s %s %lld %d\n", a->subdomain, a->username, a->password_hash, a->allow_from,
	           (long long)a->created_ms, a->revoked);
}

static void assert_accounts(struct fixture *f, const char *expected)
{
	CLEANUP(buf_done) struct buf seen = BUF_INIT(65536);
	struct err err = { 0 };

	assert_int_equal(store_each_account(f->store, print_account, &seen, &err), 0);
	assert_string_equal(buf_text(&seen), expected);
}

static void accounts_come_back_by_subdomain_and_putting_again_replaces(void **state)
{
	struct fixture *f = *state;
	struct store_account b = { (char *)"b", (char *)"user-b", (char *)"$2b$10$x", (char *)"[]", 7, false };
	struct store_account a = { (char *)"a", (char *)"user-a", (char *)"$2b$10$y", (char *)"[\"192.0.2.0/24\"]", 8, false };
	struct err err = { 0 };

	assert_accounts(f, "");
	assert_int_equal(store_put_account(f->store, &b, &err), 0);
	assert_int_equal(store_put_account(f->store, &a, &err), 0);
	b.revoked = true;
	assert_int_equal(store_put_account(f->store, &b, &err), 0);
	reopen(f);
	assert_accounts(f, "a user-a $2b$10$y [\"192.0.2.0/24\"] 8 0\nb user-b $2b$10$x [] 7 1\n");
}

static void print_setting(const char *key, const char *value, void *arg)
{
	buf_printf(arg, "%s=%s\n", key, value);
}

static void a_setting_of_a_transaction_that_fails_is_not_stored(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	char *value = NULL;
	struct err err = { 0 };

	store_set(t, "budget:a", "1");
	note(t, "ch_unknown", 5, CHALLENGE_QUEUED, "Lost.");
	assert_int_equal(commit(f, t).code, ERR_NOT_FOUND);
	assert_int_equal(store_get_setting(f->store, "budget:a", &value, &err), 0);
	assert_null(value);
}

static void settings_come_back_by_their_prefix(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_done) struct buf seen = BUF_INIT(65536);
	struct store_txn *t = store_begin(f->store);
	struct err err = { 0 };

	store_set(t, "budget:b", "2");
	store_set(t, "budget:a", "1");
	store_set(t, "budget%", "no pattern");
	store_set(t, "other", "3");
	store_set(t, "budget:c", "4");
	assert_int_equal(commit(f, t).code, 0);
	t = store_begin(f->store);
	store_set(t, "budget:c", NULL);
	store_set(t, "budget:none", NULL);
	assert_int_equal(commit(f, t).code, 0);
	reopen(f);
	assert_int_equal(store_each_setting(f->store, "budget:", print_setting, &seen, &err), 0);
	assert_string_equal(buf_text(&seen), "budget:a=1\nbudget:b=2\n");
}

struct reader {
	struct challenge history;
	struct err err;
	unsigned count;
};

static void on_history(const struct challenge *history, const struct err *err, void *arg)
{
	struct reader *r = arg;

	r->history.verdict = mem_dup(history->verdict);
	challenge_copy_events(history, &r->history);
	r->err = *err;
	r->count++;
}

static void the_history_of_an_unknown_challenge_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct reader r = { 0 };

	store_read_history(f->store, "ch_none", on_history, &r);
	assert_int_equal(r.count, 0);
	store_drain(f->store);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.err.code, ERR_NOT_FOUND);
	assert_non_null(strstr(r.err.text, "ch_none"));
}

static void the_history_has_the_last_verdict_and_only_its_own_events(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct reader r = { 0 };
	const struct challenge *seen = &r.history;
	struct challenge c = a_challenge("ch_1");

	c.verdict = (char *)"{\"result\":\"pass\"}";
	store_put_challenge(t, &c);
	note(t, "ch_1", 5, CHALLENGE_QUEUED, "Accepted.");
	put(t, "ch_2");
	note(t, "ch_2", 6, CHALLENGE_QUEUED, "Another.");
	note(t, "ch_1", 7, CHALLENGE_READY, "Seen.");
	c.verdict = NULL; /* dropped from memory: the stored one stays */
	store_put_challenge(t, &c);
	assert_int_equal(commit(f, t).code, 0);
	reopen(f);
	store_read_history(f->store, "ch_1", on_history, &r);
	store_drain(f->store);
	assert_int_equal(r.count, 1);
	assert_string_equal(seen->verdict, "{\"result\":\"pass\"}");
	assert_int_equal(seen->event_count, 2);
	assert_string_equal(seen->events[0].text, "Accepted.");
	assert_int_equal(seen->events[0].at_ms, 5);
	assert_int_equal(seen->events[0].state, CHALLENGE_QUEUED);
	assert_string_equal(seen->events[1].text, "Seen.");
	assert_int_equal(seen->events[1].state, CHALLENGE_READY);
	challenge_done(&r.history);
}

static void what_was_submitted_before_is_read_with_it(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct reader r = { 0 };

	put(t, "ch_1");
	note(t, "ch_1", 5, CHALLENGE_QUEUED, "Accepted.");
	store_commit(t, NULL, NULL);
	store_read_history(f->store, "ch_1", on_history, &r);
	store_drain(f->store);
	assert_int_equal(r.err.code, 0);
	assert_int_equal(r.history.event_count, 1);
	challenge_done(&r.history);
}

#define CONTRACT(kind)                                                                     \
	ON(kind, a_number_that_exists_is_refused_with_its_whole_transaction),              \
	ON(kind, a_gap_is_refused), ON(kind, an_empty_audit_log_has_number_0_as_its_last), \
	ON(kind, old_audit_entries_go_from_the_beginning_and_numbers_go_on),               \
	ON(kind, audit_entries_come_back_in_pages),                                        \
	ON(kind, accounts_come_back_by_subdomain_and_putting_again_replaces),              \
	ON(kind, a_setting_of_a_transaction_that_fails_is_not_stored),                     \
	ON(kind, settings_come_back_by_their_prefix),                                      \
	ON(kind, the_history_of_an_unknown_challenge_is_not_found), ON(kind, what_was_submitted_before_is_read_with_it),                        \
	ON(kind, the_history_has_the_last_verdict_and_only_its_own_events)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTRACT(memory),
		CONTRACT(sqlite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
