/* The journal of tests and of one-shot commands: hash tables, gone with the process.
 *
 * It commits at once, in store_commit(), so that a test with a clock of its own needs no thread;
 * the callback still waits for store_dispatch(). uthash walks in the order of insertion.
 */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "solver/base/mem.h"
#include "solver/store/backend.h"

struct challenge_row {
	struct challenge challenge;
	UT_hash_handle hh;
};

struct order_row {
	struct order order;
	UT_hash_handle hh;
};

struct client_row {
	struct store_client client;
	UT_hash_handle hh;
};

struct setting_row {
	char *key, *value;
	UT_hash_handle hh;
};

struct account_row {
	struct store_account account;
	UT_hash_handle hh;
};

struct memory {
	struct account_row *accounts;
	struct store_audit *audit; /* entry n at n - 1 - audit_trimmed */
	size_t audit_count, audit_room, audit_trimmed;
	struct challenge_row *challenges;
	struct order_row *orders;
	struct client_row *clients;
	struct setting_row *settings;
};

static struct challenge_row *find_challenge(struct memory *m, const char *id)
{
	struct challenge_row *row;

	HASH_FIND_STR(m->challenges, id, row);
	return row;
}

/* Moves the content out of the op: the transaction is not used again. Events stay with the row. */
static void put_challenge(struct memory *m, struct challenge *c)
{
	struct challenge_row *row = find_challenge(m, c->id);

	if (row) {
		c->events = row->challenge.events;
		c->event_count = row->challenge.event_count;
		if (!c->verdict) {
			c->verdict = row->challenge.verdict;
			row->challenge.verdict = NULL;
		}
		row->challenge.events = NULL;
		row->challenge.event_count = 0;
		challenge_done(&row->challenge);
		row->challenge = *c; /* the same key at the same place */
	} else {
		row = mem_new(1, sizeof(*row));
		row->challenge = *c;
		HASH_ADD_STR(m->challenges, challenge.id, row);
	}
	*c = (struct challenge){ 0 };
}

static void add_event(struct memory *m, const char *id, const struct challenge_event *event)
{
	struct challenge *c = &find_challenge(m, id)->challenge;
	enum challenge_state now = c->state;

	c->state = event->state;
	challenge_note(c, event->at_ms, event->text ? event->text : "");
	c->state = now;
}

static void delete_challenge(struct memory *m, const char *id)
{
	struct challenge_row *row = find_challenge(m, id);

	if (!row)
		return;
	HASH_DEL(m->challenges, row);
	challenge_done(&row->challenge);
	free(row);
}

static void delete_order(struct memory *m, const char *id)
{
	struct order_row *row;

	HASH_FIND_STR(m->orders, id, row);
	if (!row)
		return;
	HASH_DEL(m->orders, row);
	order_done(&row->order);
	free(row);
}

static void put_order(struct memory *m, struct order *o)
{
	struct order_row *row;

	HASH_FIND_STR(m->orders, o->id, row);
	if (row) {
		order_done(&row->order);
		row->order = *o;
	} else {
		row = mem_new(1, sizeof(*row));
		row->order = *o;
		HASH_ADD_STR(m->orders, order.id, row);
	}
	*o = (struct order){ 0 };
}

static void add_audit(struct memory *m, struct store_audit *entry)
{
	if (m->audit_count == m->audit_room) {
		m->audit_room = m->audit_room ? 2 * m->audit_room : 16;
		m->audit = mem_resize(m->audit, m->audit_room, sizeof(*m->audit));
	}
	m->audit[m->audit_count++] = *entry;
	*entry = (struct store_audit){ 0 };
}

static void trim_audit(struct memory *m, int64_t up_to)
{
	size_t gone = 0;

	while (gone + 1 < m->audit_count && m->audit[gone].number <= up_to) {
		free(m->audit[gone].line);
		free(m->audit[gone++].digest);
	}
	m->audit_count -= gone;
	m->audit_trimmed += gone;
	memmove(m->audit, m->audit + gone, m->audit_count * sizeof(*m->audit));
}

static void setting_free(struct memory *m, struct setting_row *row)
{
	HASH_DEL(m->settings, row);
	free(row->key);
	free(row->value);
	free(row);
}

static void set(struct memory *m, const char *key, const char *value)
{
	struct setting_row *row;

	HASH_FIND_STR(m->settings, key, row);
	if (!value) {
		if (row)
			setting_free(m, row);
		return;
	}
	if (!row) {
		row = mem_new(1, sizeof(*row));
		row->key = mem_dup(key);
		HASH_ADD_KEYPTR(hh, m->settings, row->key, strlen(row->key), row);
	}
	mem_replace(&row->value, value);
}

static void apply(struct memory *m, struct op *op)
{
	switch (op->kind) {
	case OP_PUT_CHALLENGE:
		put_challenge(m, &op->u.challenge);
		break;
	case OP_ADD_EVENT:
		add_event(m, op->id, &op->u.event);
		break;
	case OP_PUT_ORDER:
		put_order(m, &op->u.order);
		break;
	case OP_DELETE_CHALLENGE:
		delete_challenge(m, op->id);
		break;
	case OP_DELETE_ORDER:
		delete_order(m, op->id);
		break;
	case OP_ADD_AUDIT:
		add_audit(m, &op->u.audit);
		break;
	case OP_TRIM_AUDIT:
		trim_audit(m, op->u.up_to);
		break;
	case OP_SET:
		set(m, op->u.setting.key, op->u.setting.value);
		break;
	}
}

/* Whether the challenge exists when the transaction has come to its op number `at`. */
static bool exists_at(struct memory *m, const struct store_txn *t, size_t at, const char *id)
{
	while (at-- > 0) {
		const struct op *op = &t->ops[at];

		if (op->kind == OP_PUT_CHALLENGE && strcmp(op->id, id) == 0)
			return true;
		if (op->kind == OP_DELETE_CHALLENGE && strcmp(op->id, id) == 0)
			return false;
	}
	return find_challenge(m, id) != NULL;
}

/* Everything that can fail is found before anything is changed. */
static int check(struct memory *m, const struct store_txn *t, struct err *err)
{
	int64_t audited = (int64_t)(m->audit_trimmed + m->audit_count);

	for (size_t i = 0; i < t->count; i++) {
		const struct op *op = &t->ops[i];

		if (op->kind == OP_ADD_EVENT && !exists_at(m, t, i, op->id))
			return err_set(err, ERR_NOT_FOUND, "event of challenge %s, which is not in the journal", op->id);
		if (op->kind == OP_ADD_AUDIT && op->u.audit.number != ++audited)
			return err_set(err, ERR_INVALID, "audit entry %lld does not follow the last one",
			               (long long)op->u.audit.number);
	}
	return 0;
}

static void memory_commit(void *backend, struct store_txn *list)
{
	for (struct store_txn *t = list; t; t = t->next) {
		struct err err = { 0 };

		if (check(backend, t, &err) < 0) {
			t->result = mem_new(1, sizeof(*t->result));
			*t->result = err;
			continue;
		}
		for (size_t i = 0; i < t->count; i++)
			apply(backend, &t->ops[i]);
	}
}

static int memory_load(void *backend, const struct store_visitor *visitor, struct err *err)
{
	struct memory *m = backend;

	(void)err;
	for (struct order_row *row = m->orders; row && visitor->order; row = row->hh.next)
		visitor->order(&row->order, visitor->arg);
	for (struct challenge_row *row = m->challenges; row && visitor->challenge; row = row->hh.next)
		visitor->challenge(&row->challenge, visitor->arg);
	return 0;
}

static void client_done(struct store_client *c)
{
	free(c->name);
	free(c->token_digest);
	free(c->grants);
}

static int memory_put_client(void *backend, const struct store_client *c, struct err *err)
{
	struct memory *m = backend;
	struct client_row *row;

	(void)err;
	HASH_FIND_STR(m->clients, c->name, row);
	if (row)
		HASH_DEL(m->clients, row);
	else
		row = mem_new(1, sizeof(*row));
	client_done(&row->client);
	row->client = (struct store_client){
		.name = mem_dup(c->name),
		.token_digest = mem_dup(c->token_digest),
		.grants = mem_dup(c->grants),
		.created_ms = c->created_ms,
		.revoked = c->revoked,
	};
	HASH_ADD_KEYPTR(hh, m->clients, row->client.name, strlen(row->client.name), row);
	return 0;
}

static int by_name(const struct client_row *a, const struct client_row *b)
{
	return strcmp(a->client.name, b->client.name);
}

static int memory_each_client(void *backend, void (*fn)(const struct store_client *c, void *arg), void *arg,
                              struct err *err)
{
	struct memory *m = backend;

	if (!m->clients)
		return err_set(err, ERR_NOT_FOUND, "there is no client");
	HASH_SORT(m->clients, by_name);
	for (struct client_row *row = m->clients; row; row = row->hh.next)
		fn(&row->client, arg);
	return 0;
}

static int memory_put_setting(void *backend, const char *key, const char *value, struct err *err)
{
	(void)err;
	set(backend, key, value);
	return 0;
}

static int memory_get_setting(void *backend, const char *key, char **ret, struct err *err)
{
	struct memory *m = backend;
	struct setting_row *row;

	(void)err;
	HASH_FIND_STR(m->settings, key, row);
	*ret = row ? mem_dup(row->value) : NULL;
	return 0;
}

static int by_key(const struct setting_row *a, const struct setting_row *b)
{
	return strcmp(a->key, b->key);
}

static int memory_each_setting(void *backend, const char *prefix, void (*fn)(const char *key, const char *value, void *arg),
                               void *arg, struct err *err)
{
	struct memory *m = backend;

	(void)err;
	HASH_SORT(m->settings, by_key);
	for (struct setting_row *row = m->settings; row; row = row->hh.next)
		if (strncmp(row->key, prefix, strlen(prefix)) == 0)
			fn(row->key, row->value, arg);
	return 0;
}

static void account_done(struct store_account *a)
{
	free(a->subdomain);
	free(a->username);
	free(a->password_hash);
	free(a->allow_from);
}

static int memory_put_account(void *backend, const struct store_account *a, struct err *err)
{
	struct memory *m = backend;
	struct account_row *row;

	(void)err;
	HASH_FIND_STR(m->accounts, a->subdomain, row);
	if (row)
		HASH_DEL(m->accounts, row);
	else
		row = mem_new(1, sizeof(*row));
	account_done(&row->account);
	row->account = (struct store_account){
		.subdomain = mem_dup(a->subdomain),
		.username = mem_dup(a->username),
		.password_hash = mem_dup(a->password_hash),
		.allow_from = mem_dup(a->allow_from),
		.created_ms = a->created_ms,
		.revoked = a->revoked,
	};
	HASH_ADD_KEYPTR(hh, m->accounts, row->account.subdomain, strlen(row->account.subdomain), row);
	return 0;
}

static int by_subdomain(const struct account_row *a, const struct account_row *b)
{
	return strcmp(a->account.subdomain, b->account.subdomain);
}

static int memory_each_account(void *backend, void (*fn)(const struct store_account *a, void *arg), void *arg,
                               struct err *err)
{
	struct memory *m = backend;

	(void)err;
	HASH_SORT(m->accounts, by_subdomain);
	for (struct account_row *row = m->accounts; row; row = row->hh.next)
		fn(&row->account, arg);
	return 0;
}

static int memory_each_audit(void *backend, int64_t after, size_t limit,
                             void (*fn)(const struct store_audit *entry, void *arg), void *arg, struct err *err)
{
	struct memory *m = backend;

	(void)err;
	for (size_t i = after > (int64_t)m->audit_trimmed ? (size_t)after - m->audit_trimmed : 0; i < m->audit_count && limit > 0; i++, limit--)
		fn(&m->audit[i], arg);
	return 0;
}

static int memory_last_audit(void *backend, struct store_audit *ret, struct err *err)
{
	const struct memory *m = backend;

	(void)err;
	*ret = m->audit_count ? m->audit[m->audit_count - 1] : (struct store_audit){ 0 };
	ret->line = mem_dup(ret->line);
	ret->digest = mem_dup(ret->digest);
	return 0;
}

static int memory_get_history(void *backend, const char *challenge_id, struct challenge *ret, struct err *err)
{
	struct challenge_row *row = find_challenge(backend, challenge_id);

	if (!row)
		return err_set(err, ERR_NOT_FOUND, "there is no challenge %.64s in the journal", challenge_id);
	ret->verdict = mem_dup(row->challenge.verdict);
	for (size_t i = 0; i < row->challenge.event_count; i++) {
		ret->state = row->challenge.events[i].state;
		challenge_note(ret, row->challenge.events[i].at_ms, row->challenge.events[i].text);
	}
	return 0;
}

static void memory_close(void *backend)
{
	struct memory *m = backend;
	struct client_row *client, *next_client;
	struct setting_row *setting, *next_setting;
	struct account_row *account, *next_account;

	while (m->challenges)
		delete_challenge(m, m->challenges->challenge.id);
	while (m->orders)
		delete_order(m, m->orders->order.id);
	HASH_ITER(hh, m->clients, client, next_client) {
		HASH_DEL(m->clients, client);
		client_done(&client->client);
		free(client);
	}
	HASH_ITER(hh, m->accounts, account, next_account) {
		HASH_DEL(m->accounts, account);
		account_done(&account->account);
		free(account);
	}
	HASH_ITER(hh, m->settings, setting, next_setting)
		setting_free(m, setting);
	for (size_t i = 0; i < m->audit_count; i++) {
		free(m->audit[i].line);
		free(m->audit[i].digest);
	}
	free(m->audit);
	free(m);
}

static const struct store_ops memory_ops = {
	.name = "memory",
	.close = memory_close,
	.load = memory_load,
	.commit = memory_commit,
	.get_history = memory_get_history,
	.put_client = memory_put_client,
	.each_client = memory_each_client,
	.put_setting = memory_put_setting,
	.get_setting = memory_get_setting,
	.each_setting = memory_each_setting,
	.put_account = memory_put_account,
	.each_account = memory_each_account,
	.each_audit = memory_each_audit,
	.last_audit = memory_last_audit,
};

int store_open_memory(const struct store_hooks *hooks, struct store **ret, struct err *err)
{
	(void)err;
	*ret = store_new(&memory_ops, mem_new(1, sizeof(struct memory)), hooks);
	return 0;
}
