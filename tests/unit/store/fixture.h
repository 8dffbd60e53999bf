/* What the tests of the journal share: a store in a folder of its own, valid objects of which a
 * test changes one thing, and everything stored as text. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/store/store.h"

/* ---- a store under test ---- */

struct fixture {
	bool sqlite;
	char folder[64]; /* "/tmp/dcvd-store-…" */
	struct store *store;
	int wakes; /* atomic: counted on the worker's thread */
};

static inline void count_wake(void *arg)
{
	struct fixture *f = arg;

	__atomic_fetch_add(&f->wakes, 1, __ATOMIC_SEQ_CST);
}

static inline int open_again(struct fixture *f, struct err *err)
{
	struct store_hooks hooks = { count_wake, f };

	if (f->sqlite)
		return store_open_sqlite(f->folder, &hooks, &f->store, err);
	return store_open_memory(&hooks, &f->store, err);
}

static inline void close_store(struct fixture *f)
{
	store_close(f->store);
	f->store = NULL;
}

static inline int set_up(void **state, bool sqlite)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	struct err err = { 0 };

	f->sqlite = sqlite;
	strcpy(f->folder, "/tmp/dcvd-store-XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	if (open_again(f, &err) < 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	*state = f;
	return 0;
}

static inline int set_up_memory(void **state)
{
	return set_up(state, false);
}

static inline int set_up_sqlite(void **state)
{
	return set_up(state, true);
}

static const char *const files[] = { "journal.db", "journal.db-wal", "journal.db-shm", "journal.mark", "lock" };

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEANUP(mem_freep) char *path = mem_printf("%s/%s", f->folder, files[i]);

		unlink(path);
	}
	rmdir(f->folder);
	free(f);
	return 0;
}

/* ---- builders: valid defaults, a test changes one thing; text is borrowed ---- */

static inline struct order an_order(const char *id)
{
	struct order o = { .client = (char *)"alice", .label = (char *)"cps/1/changes/2", .created_ms = 1000 };

	strcpy(o.id, id);
	return o;
}

static inline struct challenge a_challenge(const char *id)
{
	struct challenge c = {
		.client = (char *)"alice",
		.type = CHALLENGE_DNS01,
		.state = CHALLENGE_QUEUED,
		.identifier = (char *)"example.org",
		.wildcard = true,
		.value = (char *)"value",
		.created_ms = 1,
		.deadline_ms = 2,
		.expires_ms = 3,
		.updated_ms = 4,
	};

	strcpy(c.id, id);
	strcpy(c.order_id, "or_1");
	return c;
}

static inline void put(struct store_txn *t, const char *id)
{
	struct challenge c = a_challenge(id);

	store_put_challenge(t, &c);
}

static inline void note(struct store_txn *t, const char *id, int64_t at_ms, enum challenge_state state, const char *text)
{
	struct challenge_event event = { .at_ms = at_ms, .state = state, .text = (char *)text };

	store_add_event(t, id, &event);
}

struct outcome {
	int calls, code;
	char text[ERR_TEXT_MAX];
};

static inline void keep_outcome(int code, const struct err *err, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->code = code;
	snprintf(o->text, sizeof(o->text), "%s", err->text);
}

static inline struct outcome commit(struct fixture *f, struct store_txn *t)
{
	struct outcome o = { 0 };

	store_commit(t, keep_outcome, &o);
	store_drain(f->store);
	assert_int_equal(o.calls, 1);
	return o;
}

/* Everything stored, as text: one line an order, a challenge, an event. */
static inline void print_order(const struct order *o, void *arg)
{
	const struct order_share *share = o->share;

	buf_printf(arg, "order %s %s %s %s %s %s %lld %d", o->id, o->client, o->callback_url ? o->callback_url : "-",
	           o->callback_secret ? o->callback_secret : "-", o->callback_result ? o->callback_result : "-",
	           o->label ? o->label : "-", (long long)o->created_ms, o->announced);
	if (share)
		buf_printf(arg, " [%s] %s %lld %lld %lld", share->challenges, share->reason ? share->reason : "-", (long long)share->deadline_ms,
		           (long long)share->expires_ms, (long long)share->let_go_ms);
	buf_printf(arg, "\n");
}

static inline void print_challenge(const struct challenge *c, void *arg)
{
	buf_printf(arg, "challenge %s %s %s\n", c->id, challenge_type_name(c->type), challenge_state_name(c->state));
	for (size_t i = 0; i < c->event_count; i++)
		buf_printf(arg, "  %lld %s %s\n", (long long)c->events[i].at_ms, challenge_state_name(c->events[i].state),
		           c->events[i].text);
}

static inline void assert_holds(struct fixture *f, const char *expected)
{
	CLEANUP(buf_done) struct buf seen = BUF_INIT(1 << 20);
	struct store_visitor visitor = { print_order, print_challenge, &seen };
	struct err err = { 0 };

	assert_int_equal(store_load(f->store, &visitor, &err), 0);
	assert_string_equal(buf_text(&seen), expected);
}

/* A file is closed and read again; what is only in memory is asked as it is. */
static inline void reopen(struct fixture *f)
{
	struct err err = { 0 };

	if (!f->sqlite)
		return;
	close_store(f);
	assert_int_equal(open_again(f, &err), 0);
}

#define ON(kind, test) { #kind ": " #test, test, set_up_##kind, tear_down, NULL }

#endif
