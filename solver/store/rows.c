/* The model as rows, and back. Parameters are numbered in the order of the columns. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/base/shared.h"
#include "solver/store/sqlite.h"

/* ---- writing ---- */

static int put_challenge(struct sqlite *q, const struct challenge *c, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, SQL_PUT_CHALLENGE, err);
	int at = 0;

	if (!st)
		return ERR_IO;
	bind_text(st, &at, c->id);
	bind_text(st, &at, c->order_id);
	bind_text(st, &at, c->client);
	bind_text(st, &at, challenge_type_name(c->type));
	bind_text(st, &at, challenge_state_name(c->state));
	bind_text(st, &at, c->identifier);
	bind_number(st, &at, c->wildcard);
	bind_text(st, &at, c->token);
	bind_text(st, &at, c->key_authorization);
	bind_text(st, &at, c->value);
	bind_text(st, &at, c->record_name);
	bind_text(st, &at, c->account_uri);
	bind_text(st, &at, c->fqdn);
	bind_text(st, &at, c->zone);
	bind_text(st, &at, c->provider);
	bind_text(st, &at, c->handle);
	bind_text(st, &at, c->reason);
	bind_text(st, &at, c->verdict);
	bind_number(st, &at, c->created_ms);
	bind_number(st, &at, c->deadline_ms);
	bind_number(st, &at, c->expires_ms);
	bind_number(st, &at, c->updated_ms);
	bind_number(st, &at, c->within_ms);
	bind_text(st, &at, c->sites);
	return sqlite_run(q, st, "write a challenge", err);
}

static int add_event(struct sqlite *q, const char *id, const struct challenge_event *event, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, SQL_ADD_EVENT, err);
	int at = 0, rc;

	if (!st)
		return ERR_IO;
	bind_text(st, &at, id);
	bind_number(st, &at, event->at_ms);
	bind_text(st, &at, challenge_state_name(event->state));
	bind_text(st, &at, event->text ? event->text : "");
	rc = sqlite_run(q, st, "write an event", err);
	if (rc == 0 && sqlite3_changes(q->db) == 0)
		return err_set(err, ERR_NOT_FOUND, "event of challenge %s, which is not in the journal", id);
	return rc;
}

/* Columns of an order that shares nothing stay NULL. */
static void bind_share(sqlite3_stmt *st, int *at, const struct order_share *share)
{
	if (!share)
		return;
	bind_text(st, at, share->challenges);
	bind_text(st, at, share->reason);
	bind_number(st, at, share->deadline_ms);
	bind_number(st, at, share->expires_ms);
	bind_number(st, at, share->let_go_ms);
}

static int put_order(struct sqlite *q, const struct order *o, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, SQL_PUT_ORDER, err);
	int at = 0;

	if (!st)
		return ERR_IO;
	bind_text(st, &at, o->id);
	bind_text(st, &at, o->client);
	bind_text(st, &at, o->callback_url);
	bind_text(st, &at, o->callback_secret);
	bind_text(st, &at, o->callback_result);
	bind_text(st, &at, o->label);
	bind_number(st, &at, o->created_ms);
	bind_number(st, &at, o->announced);
	bind_share(st, &at, o->share);
	return sqlite_run(q, st, "write an order", err);
}

static int delete_by_id(struct sqlite *q, enum statement which, const char *id, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, which, err);
	int at = 0;

	if (!st)
		return ERR_IO;
	bind_text(st, &at, id);
	return sqlite_run(q, st, "delete", err);
}

int rows_write(struct sqlite *q, const struct op *op, struct err *err)
{
	int rc = 0;

	switch (op->kind) {
	case OP_PUT_CHALLENGE:
		return put_challenge(q, &op->u.challenge, err);
	case OP_ADD_EVENT:
		return add_event(q, op->id, &op->u.event, err);
	case OP_PUT_ORDER:
		return put_order(q, &op->u.order, err);
	case OP_DELETE_CHALLENGE:
		rc = delete_by_id(q, SQL_DELETE_EVENTS, op->id, err);
		return rc < 0 ? rc : delete_by_id(q, SQL_DELETE_CHALLENGE, op->id, err);
	case OP_DELETE_ORDER:
		return delete_by_id(q, SQL_DELETE_ORDER, op->id, err);
	case OP_ADD_AUDIT:
		return rows_add_audit(q, &op->u.audit, err);
	case OP_TRIM_AUDIT:
		return rows_trim_audit(q, op->u.up_to, err);
	case OP_SET:
		return rows_put_setting(q, &op->u.setting, err);
	}
	return rc;
}

/* ---- reading ---- */

static const char *read_shared(sqlite3_stmt *st, int *at)
{
	return shared_text((const char *)sqlite3_column_text(st, (*at)++));
}

static void read_id(sqlite3_stmt *st, int *at, char ret_id[ID_SIZE])
{
	const char *text = (const char *)sqlite3_column_text(st, (*at)++);

	strncpy(ret_id, text ? text : "", ID_SIZE - 1);
	ret_id[ID_SIZE - 1] = '\0';
}

/* Names on disk; a file that was edited by hand can hold any. */
static int read_name(struct sqlite *q, sqlite3_stmt *st, int *at, int (*from_name)(const char *name), struct err *err)
{
	const char *name = (const char *)sqlite3_column_text(st, (*at)++);
	int found = from_name(name);

	if (found < 0)
		return damaged(q, err, "unknown type or state \"%.64s\"", name ? name : "");
	return found;
}

static int read_challenge(struct sqlite *q, sqlite3_stmt *st, struct challenge *c, struct err *err)
{
	int at = 1, type, state;

	read_id(st, &at, c->id);
	read_id(st, &at, c->order_id);
	c->client = read_shared(st, &at);
	type = read_name(q, st, &at, challenge_type_from_name, err);
	if (type < 0)
		return err_in(err, "challenge %s", c->id);
	state = read_name(q, st, &at, challenge_state_from_name, err);
	if (state < 0)
		return err_in(err, "challenge %s", c->id);
	c->type = (enum challenge_type)type;
	c->state = (enum challenge_state)state;
	c->identifier = read_text(st, &at);
	c->wildcard = read_number(st, &at) != 0;
	c->token = read_text(st, &at);
	c->key_authorization = read_text(st, &at);
	c->value = read_text(st, &at);
	c->record_name = read_text(st, &at);
	c->account_uri = read_shared(st, &at);
	c->fqdn = read_text(st, &at);
	c->zone = read_shared(st, &at);
	c->provider = read_shared(st, &at);
	c->handle = read_text(st, &at);
	c->reason = read_text(st, &at);
	c->verdict = read_text(st, &at);
	c->created_ms = read_number(st, &at);
	c->deadline_ms = read_number(st, &at);
	c->expires_ms = read_number(st, &at);
	c->updated_ms = read_number(st, &at);
	c->within_ms = read_number(st, &at);
	c->sites = read_shared(st, &at);
	return 0;
}

/* challenge_note() writes the state of the challenge into an event; here each has its own. */
static int read_event(struct sqlite *q, sqlite3_stmt *st, struct challenge *c, struct err *err)
{
	enum challenge_state now = c->state;
	int at = 1, state;
	int64_t at_ms = read_number(st, &at);

	state = read_name(q, st, &at, challenge_state_from_name, err);
	if (state < 0)
		return err_in(err, "event of challenge %s", c->id);
	c->state = (enum challenge_state)state;
	challenge_note(c, at_ms, (const char *)sqlite3_column_text(st, at));
	c->state = now;
	return 0;
}

/* `*step` is the result of the last step of `events`, which runs in the same order as the challenges. */
static int read_events(struct sqlite *q, sqlite3_stmt *events, int *step, int64_t number, struct challenge *c,
                       struct tally *tally, struct err *err)
{
	while (*step == SQLITE_ROW && sqlite3_column_int64(events, 0) == number) {
		int rc = read_event(q, events, c, err);

		if (rc < 0)
			return rc;
		if (!verify_row(tally, events, 4, false))
			return damaged(q, err, "an event of challenge %s (%s) is not what was written", c->id, c->identifier);
		*step = sqlite3_step(events);
	}
	return *step == SQLITE_ROW || *step == SQLITE_DONE ? 0 : sqlite_error(q, "read events", err);
}

static int load_challenges(struct sqlite *q, sqlite3_stmt *rows, sqlite3_stmt *events,
                           const struct store_visitor *visitor, struct err *err)
{
	int event_step = sqlite3_step(events);
	struct tally tally = { 0 }, event_tally = { 0 };
	int step;

	while ((step = sqlite3_step(rows)) == SQLITE_ROW) {
		CLEANUP(challenge_done) struct challenge c = { 0 };
		int rc = read_challenge(q, rows, &c, err);

		if (rc == 0 && !verify_row(&tally, rows, 25, true))
			rc = damaged(q, err, "challenge %s (%s) is not what was written", c.id, c.identifier);
		if (rc == 0)
			rc = read_events(q, events, &event_step, sqlite3_column_int64(rows, 0), &c, &event_tally, err);
		if (rc < 0)
			return rc;
		if (visitor->challenge)
			visitor->challenge(&c, visitor->arg);
	}
	if (step != SQLITE_DONE)
		return sqlite_error(q, "read challenges", err);
	if (verify_tally(q, "challenges", &tally, err) < 0 || verify_keys(q, "challenges", &tally, err) < 0)
		return ERR_DAMAGED;
	return verify_tally(q, "events", &event_tally, err);
}

#define SHARE_COLUMNS 5

static struct order_share *read_share(sqlite3_stmt *st, int *at)
{
	struct order_share *share;

	if (sqlite3_column_type(st, *at) == SQLITE_NULL) {
		*at += SHARE_COLUMNS;
		return NULL;
	}
	share = mem_new(1, sizeof(*share));
	share->challenges = read_text(st, at);
	share->reason = read_text(st, at);
	share->deadline_ms = read_number(st, at);
	share->expires_ms = read_number(st, at);
	share->let_go_ms = read_number(st, at);
	return share;
}

static int load_orders(struct sqlite *q, sqlite3_stmt *rows, const struct store_visitor *visitor, struct err *err)
{
	struct tally tally = { 0 };
	int step;

	while ((step = sqlite3_step(rows)) == SQLITE_ROW) {
		CLEANUP(order_done) struct order o = { 0 };
		int at = 1;

		read_id(rows, &at, o.id);
		o.client = read_text(rows, &at);
		o.callback_url = read_text(rows, &at);
		o.callback_secret = read_text(rows, &at);
		o.callback_result = read_text(rows, &at);
		o.label = read_text(rows, &at);
		o.created_ms = read_number(rows, &at);
		o.announced = read_number(rows, &at) != 0;
		o.share = read_share(rows, &at);
		if (!verify_row(&tally, rows, at, true))
			return damaged(q, err, "order %s is not what was written", o.id);
		if (visitor->order)
			visitor->order(&o, visitor->arg);
	}
	if (step != SQLITE_DONE)
		return sqlite_error(q, "read orders", err);
	return verify_tally(q, "orders", &tally, err) < 0 ? ERR_DAMAGED : verify_keys(q, "orders", &tally, err);
}

int rows_load(struct sqlite *q, const struct store_visitor *visitor, struct err *err)
{
	sqlite3_stmt *orders = sqlite_prepare(q, SQL_LOAD_ORDERS, err);
	sqlite3_stmt *challenges = orders ? sqlite_prepare(q, SQL_LOAD_CHALLENGES, err) : NULL;
	sqlite3_stmt *events = challenges ? sqlite_prepare(q, SQL_LOAD_EVENTS, err) : NULL;
	int rc;

	if (!events)
		return ERR_IO;
	rc = load_orders(q, orders, visitor, err);
	if (rc == 0)
		rc = load_challenges(q, challenges, events, visitor, err);
	sqlite3_reset(orders);
	sqlite3_reset(challenges);
	sqlite3_reset(events);
	return rc;
}

static int get_verdict(struct sqlite *q, const char *id, struct challenge *ret, int64_t *ret_number, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, SQL_GET_VERDICT, err);
	int at = 0, step;

	if (!st)
		return ERR_IO;
	bind_text(st, &at, id);
	at = 0;
	step = sqlite3_step(st);
	if (step == SQLITE_ROW) {
		*ret_number = read_number(st, &at);
		ret->verdict = read_text(st, &at);
	}
	sqlite3_reset(st);
	if (step == SQLITE_DONE)
		return err_set(err, ERR_NOT_FOUND, "there is no challenge %.64s in the journal", id);
	return step == SQLITE_ROW ? 0 : sqlite_error(q, "read a verdict", err);
}

int rows_get_history(struct sqlite *q, const char *id, struct challenge *ret, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, SQL_GET_EVENTS, err);
	struct tally tally = { 0 }; /* of some: nothing to compare it with */
	int64_t number = 0;
	int at = 0, step, rc = st ? get_verdict(q, id, ret, &number, err) : ERR_IO;

	if (rc < 0)
		return rc;
	bind_number(st, &at, number);
	step = sqlite3_step(st);
	rc = read_events(q, st, &step, number, ret, &tally, err);
	sqlite3_reset(st);
	return rc;
}
