/* Transactions while they are being filled: a list of writes that own their text. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/store/backend.h"

struct store_txn *store_begin(struct store *s)
{
	struct store_txn *t = mem_new(1, sizeof(*t));

	t->store = s;
	return t;
}

static struct op *add_op(struct store_txn *t, enum op_kind kind, const char *id)
{
	struct op *op;

	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 4;
		t->ops = mem_resize(t->ops, t->room, sizeof(*t->ops));
	}
	op = &t->ops[t->count++];
	memset(op, 0, sizeof(*op));
	op->kind = kind;
	memccpy(op->id, id, '\0', ID_SIZE - 1);
	return op;
}

void store_put_challenge(struct store_txn *t, const struct challenge *c)
{
	struct challenge *copy = &add_op(t, OP_PUT_CHALLENGE, c->id)->u.challenge;

	*copy = *c;
	copy->events = NULL;
	copy->event_count = 0;
	copy->client = mem_dup(c->client);
	copy->identifier = mem_dup(c->identifier);
	copy->token = mem_dup(c->token);
	copy->key_authorization = mem_dup(c->key_authorization);
	copy->value = mem_dup(c->value);
	copy->record_name = mem_dup(c->record_name);
	copy->account_uri = mem_dup(c->account_uri);
	copy->fqdn = mem_dup(c->fqdn);
	copy->zone = mem_dup(c->zone);
	copy->provider = mem_dup(c->provider);
	copy->sites = mem_dup(c->sites);
	copy->handle = mem_dup(c->handle);
	copy->reason = mem_dup(c->reason);
	copy->verdict = mem_dup(c->verdict);
	copy->waiting_for = NULL;
	copy->waiting_since_ms = 0;
}

void store_add_event(struct store_txn *t, const char *challenge_id, const struct challenge_event *event)
{
	struct challenge_event *copy = &add_op(t, OP_ADD_EVENT, challenge_id)->u.event;

	*copy = *event;
	copy->text = mem_dup(event->text);
}

void store_put_order(struct store_txn *t, const struct order *o)
{
	struct order *copy = &add_op(t, OP_PUT_ORDER, o->id)->u.order;

	*copy = *o;
	copy->client = mem_dup(o->client);
	copy->callback_url = mem_dup(o->callback_url);
	copy->callback_secret = mem_dup(o->callback_secret);
	copy->callback_result = mem_dup(o->callback_result);
	copy->label = mem_dup(o->label);
}

void store_delete_challenge(struct store_txn *t, const char *id)
{
	add_op(t, OP_DELETE_CHALLENGE, id);
}

void store_delete_order(struct store_txn *t, const char *id)
{
	add_op(t, OP_DELETE_ORDER, id);
}

void store_add_audit(struct store_txn *t, const struct store_audit *entry)
{
	struct store_audit *copy = &add_op(t, OP_ADD_AUDIT, "")->u.audit;

	*copy = *entry;
	copy->line = mem_dup(entry->line);
	copy->digest = mem_dup(entry->digest);
}

void store_trim_audit(struct store_txn *t, int64_t up_to)
{
	add_op(t, OP_TRIM_AUDIT, "")->u.up_to = up_to;
}

void store_set(struct store_txn *t, const char *key, const char *value)
{
	add_op(t, OP_SET, "")->u.setting = (struct setting){ mem_dup(key), mem_dup(value) };
}

static void op_done(struct op *op)
{
	switch (op->kind) {
	case OP_PUT_CHALLENGE:
		challenge_done(&op->u.challenge);
		break;
	case OP_ADD_EVENT:
		free(op->u.event.text);
		break;
	case OP_PUT_ORDER:
		order_done(&op->u.order);
		break;
	case OP_ADD_AUDIT:
		free(op->u.audit.line);
		free(op->u.audit.digest);
		break;
	case OP_SET:
		free(op->u.setting.key);
		free(op->u.setting.value);
		break;
	case OP_DELETE_CHALLENGE:
	case OP_DELETE_ORDER:
	case OP_TRIM_AUDIT:
		break;
	}
}

void txn_free(struct store_txn *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		op_done(&t->ops[i]);
	free(t->ops);
	free(t->result);
	free(t);
}

void store_abort(struct store_txn *t)
{
	txn_free(t);
}
