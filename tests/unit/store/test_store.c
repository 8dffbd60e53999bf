/* The contract of the journal, once for every backend. */
#include "tests/unit/store/fixture.h"

static void nothing_of_a_transaction_that_fails_is_stored(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct order o = an_order("or_1");
	struct outcome outcome;

	store_put_order(t, &o);
	put(t, "ch_1");
	note(t, "ch_unknown", 5, CHALLENGE_QUEUED, "Lost.");
	outcome = commit(f, t);
	assert_int_equal(outcome.code, ERR_NOT_FOUND);
	assert_non_null(strstr(outcome.text, "ch_unknown"));
	assert_holds(f, "");
}

static void a_transaction_that_fails_takes_no_other_with_it(void **state)
{
	struct fixture *f = *state;
	struct outcome before = { 0 }, bad = { 0 }, after = { 0 };
	struct store_txn *t = store_begin(f->store);

	put(t, "ch_1");
	store_commit(t, keep_outcome, &before);
	t = store_begin(f->store);
	put(t, "ch_2");
	note(t, "ch_unknown", 5, CHALLENGE_QUEUED, "Lost.");
	store_commit(t, keep_outcome, &bad);
	t = store_begin(f->store);
	put(t, "ch_3");
	note(t, "ch_1", 6, CHALLENGE_QUEUED, "Kept.");
	store_commit(t, keep_outcome, &after);
	store_drain(f->store);
	assert_int_equal(before.code, 0);
	assert_int_equal(bad.code, ERR_NOT_FOUND);
	assert_int_equal(after.code, 0);
	reopen(f);
	assert_holds(f, "challenge ch_1 dns-01 queued\n  6 queued Kept.\nchallenge ch_3 dns-01 queued\n");
}

static void an_event_after_the_deletion_of_its_challenge_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);

	put(t, "ch_1");
	store_delete_challenge(t, "ch_1");
	note(t, "ch_1", 5, CHALLENGE_GONE, "Too late.");
	assert_int_equal(commit(f, t).code, ERR_NOT_FOUND);
}

static void an_aborted_transaction_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);

	put(t, "ch_1");
	store_abort(t);
	store_abort(NULL);
	store_drain(f->store);
	assert_holds(f, "");
}

static void deleting_what_is_not_there_succeeds(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);

	store_delete_challenge(t, "ch_none");
	store_delete_order(t, "or_none");
	assert_int_equal(commit(f, t).code, 0);
}

static void a_missing_setting_is_null(void **state)
{
	struct fixture *f = *state;
	char *value = (char *)"untouched";
	struct err err = { 0 };

	assert_int_equal(store_get_setting(f->store, "none", &value, &err), 0);
	assert_null(value);
}

static void count_client(const struct store_client *c, void *arg)
{
	(void)c;
	++*(int *)arg;
}

static void without_clients_it_says_not_found(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	int count = 0;

	assert_int_equal(store_each_client(f->store, count_client, &count, &err), ERR_NOT_FOUND);
	assert_int_equal(count, 0);
}

struct sequence {
	int next;
	int own[64];
	struct fixture *f;
};

struct numbered {
	struct sequence *sequence;
	int number;
};

static void check_number(int code, const struct err *err, void *arg)
{
	struct numbered *n = arg;

	(void)err;
	assert_int_equal(code, n->number % 7 == 3 ? ERR_NOT_FOUND : 0);
	assert_int_equal(n->number, n->sequence->next);
	n->sequence->next++;
}

static void callbacks_come_in_the_order_of_submission(void **state)
{
	struct fixture *f = *state;
	struct sequence sequence = { .f = f };
	struct numbered numbers[64];

	for (int i = 0; i < 64; i++) {
		struct store_txn *t = store_begin(f->store);

		numbers[i] = (struct numbered){ &sequence, i };
		put(t, "ch_1");
		note(t, i % 7 == 3 ? "ch_unknown" : "ch_1", i, CHALLENGE_QUEUED, "Again.");
		store_commit(t, check_number, &numbers[i]);
		store_dispatch(f->store);
	}
	store_drain(f->store);
	assert_int_equal(sequence.next, 64);
}

static void no_callback_comes_before_dispatch(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct outcome o = { 0 };

	put(t, "ch_1");
	store_commit(t, keep_outcome, &o);
	assert_int_equal(o.calls, 0);
	store_drain(f->store);
	assert_int_equal(o.calls, 1);

	/* The worker wakes the loop of one group before it takes the next. */
	store_commit(store_begin(f->store), NULL, NULL);
	store_drain(f->store);
	assert_true(__atomic_load_n(&f->wakes, __ATOMIC_SEQ_CST) >= 1);
}

static void submit_another(int code, const struct err *err, void *arg)
{
	struct sequence *s = arg;
	struct store_txn *t;

	(void)err;
	assert_int_equal(code, 0);
	if (++s->next == 3)
		return;
	t = store_begin(s->f->store);
	put(t, "ch_1");
	store_commit(t, submit_another, s);
	store_dispatch(s->f->store);
}

static void a_callback_may_submit_and_dispatch(void **state)
{
	struct fixture *f = *state;
	struct sequence s = { .f = f };
	struct store_txn *t = store_begin(f->store);

	put(t, "ch_1");
	store_commit(t, submit_another, &s);
	store_drain(f->store);
	assert_int_equal(s.next, 3);
}

static void a_transaction_without_callback_is_stored(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);

	put(t, "ch_1");
	store_commit(t, NULL, NULL);
	store_drain(f->store);
	reopen(f);
	assert_holds(f, "challenge ch_1 dns-01 queued\n");
}

static void closing_keeps_what_was_submitted_and_drops_its_callback(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct outcome o = { 0 };
	struct err err = { 0 };

	put(t, "ch_1");
	store_commit(t, keep_outcome, &o);
	close_store(f);
	assert_int_equal(o.calls, 0);
	assert_int_equal(open_again(f, &err), 0);
	assert_holds(f, f->sqlite ? "challenge ch_1 dns-01 queued\n" : "");
}

static void keep_first(const struct challenge *c, void *arg)
{
	struct challenge *copy = arg;

	*copy = *c; /* text below is compared inside the call only */
	assert_string_equal(c->id, "ch_1");
	assert_string_equal(c->order_id, "or_9");
	assert_string_equal(c->client, "loopback");
	assert_int_equal(c->type, CHALLENGE_HTTP01);
	assert_int_equal(c->state, CHALLENGE_READY);
	assert_string_equal(c->identifier, "www.example.org");
	assert_false(c->wildcard);
	assert_string_equal(c->token, "token");
	assert_string_equal(c->key_authorization, "token.thumbprint");
	assert_null(c->value);
	assert_string_equal(c->record_name, "auth.example.net");
	assert_string_equal(c->account_uri, "https://ca.example/acct/1");
	assert_string_equal(c->fqdn, "_acme-challenge.www.example.org");
	assert_string_equal(c->zone, "example.org");
	assert_string_equal(c->provider, "edge");
	assert_string_equal(c->handle, "{\"id\":\"17\"}");
	assert_string_equal(c->sites, "rfc2136 server=192.0.2.1\nrfc2136 server=192.0.2.2");
	assert_string_equal(c->reason, "because");
	assert_string_equal(c->verdict, "{\"result\":\"pass\"}");
	assert_int_equal(c->created_ms, 1700000000001);
	assert_int_equal(c->deadline_ms, 1700000000002);
	assert_int_equal(c->expires_ms, 1700000000003);
	assert_int_equal(c->updated_ms, 1700000000004);
	assert_int_equal(c->within_ms, 60000);
}

static void every_field_of_a_challenge_comes_back(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct challenge c = a_challenge("ch_1"), seen = { 0 };
	struct store_visitor visitor = { .challenge = keep_first, .arg = &seen };
	struct err err = { 0 };

	strcpy(c.order_id, "or_9");
	c.client = (char *)"loopback";
	c.type = CHALLENGE_HTTP01;
	c.state = CHALLENGE_READY;
	c.identifier = (char *)"www.example.org";
	c.wildcard = false;
	c.token = (char *)"token";
	c.key_authorization = (char *)"token.thumbprint";
	c.value = NULL;
	c.record_name = (char *)"auth.example.net";
	c.account_uri = (char *)"https://ca.example/acct/1";
	c.fqdn = (char *)"_acme-challenge.www.example.org";
	c.zone = (char *)"example.org";
	c.provider = (char *)"edge";
	c.handle = (char *)"{\"id\":\"17\"}";
	c.sites = (char *)"rfc2136 server=192.0.2.1\nrfc2136 server=192.0.2.2";
	c.reason = (char *)"because";
	c.verdict = (char *)"{\"result\":\"pass\"}";
	c.created_ms = 1700000000001;
	c.deadline_ms = 1700000000002;
	c.expires_ms = 1700000000003;
	c.updated_ms = 1700000000004;
	c.within_ms = 60000;
	store_put_challenge(t, &c);
	assert_int_equal(commit(f, t).code, 0);
	reopen(f);
	assert_int_equal(store_load(f->store, &visitor, &err), 0);
	assert_string_equal(seen.id, "ch_1");
}

static void every_field_of_an_order_comes_back(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct order o = an_order("or_1"), bare = { .client = (char *)"bob" }, sharing = an_order("or_3");
	struct order_share share = { (char *)"ch_1\nch_2\n", (char *)"late", 5, 6, 7 };

	o.callback_url = (char *)"https://hook.example/x";
	o.callback_secret = (char *)"hook";
	o.callback_result = (char *)"{\"attempts\":1}";
	o.announced = true;
	strcpy(bare.id, "or_2");
	store_put_order(t, &o);
	store_put_order(t, &bare);
	store_put_order(t, &sharing); /* what it shares comes later */
	sharing.share = &share;
	store_put_order(t, &sharing);
	assert_int_equal(commit(f, t).code, 0);
	reopen(f);
	assert_holds(f, "order or_1 alice https://hook.example/x hook {\"attempts\":1} cps/1/changes/2 1000 1\n"
	                "order or_2 bob - - - - 0 0\n"
	                "order or_3 alice - - - cps/1/changes/2 1000 0 [ch_1\nch_2\n] late 5 6 7\n");
}

static void putting_again_replaces_and_keeps_events_and_place(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct challenge c = a_challenge("ch_2");

	put(t, "ch_2");
	note(t, "ch_2", 5, CHALLENGE_QUEUED, "Accepted.");
	put(t, "ch_1");
	commit(f, t);
	t = store_begin(f->store);
	c.state = CHALLENGE_PUBLISHING;
	store_put_challenge(t, &c);
	note(t, "ch_2", 6, CHALLENGE_PUBLISHING, "Asked \"edge\".");
	commit(f, t);
	reopen(f);
	assert_holds(f, "challenge ch_2 dns-01 publishing\n  5 queued Accepted.\n  6 publishing Asked \"edge\".\n"
	                "challenge ch_1 dns-01 queued\n");
}

static void the_caller_may_change_its_text_after_each_call(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	char text[] = "Accepted.";

	put(t, "ch_1");
	note(t, "ch_1", 5, CHALLENGE_QUEUED, text);
	memset(text, 'x', sizeof(text) - 1);
	commit(f, t);
	assert_holds(f, "challenge ch_1 dns-01 queued\n  5 queued Accepted.\n");
}

static void deleting_a_challenge_takes_its_events_and_no_others(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct order o = an_order("or_1");

	store_put_order(t, &o);
	put(t, "ch_1");
	put(t, "ch_2");
	note(t, "ch_1", 5, CHALLENGE_QUEUED, "One.");
	note(t, "ch_2", 6, CHALLENGE_QUEUED, "Two.");
	commit(f, t);
	t = store_begin(f->store);
	store_delete_order(t, "or_1");
	store_delete_challenge(t, "ch_2");
	commit(f, t);
	t = store_begin(f->store);
	put(t, "ch_3");
	commit(f, t);
	reopen(f);
	assert_holds(f, "challenge ch_1 dns-01 queued\n  5 queued One.\nchallenge ch_3 dns-01 queued\n");
}

static void print_client(const struct store_client *c, void *arg)
{
	buf_printf(arg, "%s %s %s %lld %d\n", c->name, c->token_digest, c->grants ? c->grants : "-",
	           (long long)c->created_ms, c->revoked);
}

static void clients_come_back_by_name_and_putting_again_replaces(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_done) struct buf seen = BUF_INIT(65536);
	struct store_client bob = { .name = (char *)"bob", .token_digest = (char *)"d1", .created_ms = 7 };
	struct store_client alice = { .name = (char *)"alice", .token_digest = (char *)"d2", .grants = (char *)"{}" };
	struct err err = { 0 };

	assert_int_equal(store_put_client(f->store, &bob, &err), 0);
	assert_int_equal(store_put_client(f->store, &alice, &err), 0);
	bob.revoked = true;
	assert_int_equal(store_put_client(f->store, &bob, &err), 0);
	reopen(f);
	assert_int_equal(store_each_client(f->store, print_client, &seen, &err), 0);
	assert_string_equal(buf_text(&seen), "alice d2 {} 0 0\nbob d1 - 7 1\n");
}

static void settings_come_back_and_putting_again_replaces(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	char *value = NULL;

	assert_int_equal(store_put_setting(f->store, "serial", "1", &err), 0);
	assert_int_equal(store_put_setting(f->store, "serial", "2", &err), 0);
	reopen(f);
	assert_int_equal(store_get_setting(f->store, "serial", &value, &err), 0);
	assert_string_equal(value, "2");
	free(value);
	assert_int_equal(store_put_setting(f->store, "serial", NULL, &err), 0);
	assert_int_equal(store_get_setting(f->store, "serial", &value, &err), 0);
	assert_null(value);
}

#define CONTRACT(kind)                                                                                        \
	ON(kind, nothing_of_a_transaction_that_fails_is_stored),                                              \
	ON(kind, a_transaction_that_fails_takes_no_other_with_it),                                            \
	ON(kind, an_event_after_the_deletion_of_its_challenge_is_refused),                                    \
	ON(kind, an_aborted_transaction_leaves_nothing), ON(kind, deleting_what_is_not_there_succeeds),       \
	ON(kind, a_missing_setting_is_null), ON(kind, without_clients_it_says_not_found),                     \
	ON(kind, callbacks_come_in_the_order_of_submission), ON(kind, no_callback_comes_before_dispatch),     \
	ON(kind, a_callback_may_submit_and_dispatch), ON(kind, a_transaction_without_callback_is_stored),     \
	ON(kind, closing_keeps_what_was_submitted_and_drops_its_callback),                                    \
	ON(kind, every_field_of_a_challenge_comes_back), ON(kind, every_field_of_an_order_comes_back),        \
	ON(kind, putting_again_replaces_and_keeps_events_and_place),                                          \
	ON(kind, the_caller_may_change_its_text_after_each_call),                                             \
	ON(kind, deleting_a_challenge_takes_its_events_and_no_others),                                        \
	ON(kind, clients_come_back_by_name_and_putting_again_replaces),                                       \
	ON(kind, settings_come_back_and_putting_again_replaces)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTRACT(memory),
		CONTRACT(sqlite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
