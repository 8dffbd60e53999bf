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

	challenge_copy(c, copy);
	mem_replace(&copy->waiting_for, NULL); /* found out anew */
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
	order_copy(o, &add_op(t, OP_PUT_ORDER, o->id)->u.order);
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
	if (t->read)
		challenge_done(&t->read->history);
	free(t->read);
	free(t->result);
	free(t);
}

void store_abort(struct store_txn *t)
{
	txn_free(t);
}
