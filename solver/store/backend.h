/* What a backend of the store implements; private to this folder.
 *
 * store.c is the front: it owns the queue, the worker thread, the callbacks and one lock that
 * is held around every call into a backend, so a backend is plain single-threaded code.
 */
#ifndef SOLVER_STORE_BACKEND_H
#define SOLVER_STORE_BACKEND_H

#include "solver/store/store.h"

enum op_kind {
	OP_PUT_CHALLENGE, OP_ADD_EVENT, OP_PUT_ORDER, OP_DELETE_CHALLENGE, OP_DELETE_ORDER, OP_ADD_AUDIT, OP_TRIM_AUDIT, OP_SET
};

struct setting { char *key, *value; };

/* One write, with its own copy of everything. */
struct op {
	enum op_kind kind;
	char id[ID_SIZE]; /* of the challenge or order it is about */
	union {
		struct challenge challenge; /* OP_PUT_CHALLENGE, without events */
		struct challenge_event event;
		struct order order;
		struct store_audit audit;
		struct setting setting;
		int64_t up_to; /* OP_TRIM_AUDIT */
	} u;
};

/* What is read, in place of writes. */
struct history_read {
	char challenge_id[ID_SIZE];
	struct challenge history;
	void (*done)(const struct challenge *history, const struct err *err, void *arg);
};

struct store_txn {
	struct store *store;
	struct op *ops;
	size_t count, room;
	void (*done)(int code, const struct err *err, void *arg);
	void *arg;
	struct history_read *read; /* NULL: it writes */
	struct err *result; /* NULL: it is durable, or was read */
	struct store_txn *next;
};

void txn_free(struct store_txn *t);

struct store_ops {
	const char *name;
	bool has_worker; /* false: commits at once, in store_commit() */
	void (*close)(void *backend);
	int (*load)(void *backend, const struct store_visitor *visitor, struct err *err);
	/* Makes each transaction of the list durable, or leaves nothing of it and sets its `result`. */
	void (*commit)(void *backend, struct store_txn *list);
	int (*put_client)(void *backend, const struct store_client *c, struct err *err);
	int (*each_client)(void *backend, void (*fn)(const struct store_client *c, void *arg), void *arg, struct err *err);
	int (*get_history)(void *backend, const char *challenge_id, struct challenge *ret, struct err *err);
	int (*put_setting)(void *backend, const char *key, const char *value, struct err *err);
	int (*get_setting)(void *backend, const char *key, char **ret, struct err *err);
	int (*each_setting)(void *backend, const char *prefix, void (*fn)(const char *key, const char *value, void *arg),
	                    void *arg, struct err *err);
	int (*put_account)(void *backend, const struct store_account *a, struct err *err);
	int (*each_account)(void *backend, void (*fn)(const struct store_account *a, void *arg), void *arg, struct err *err);
	int (*each_audit)(void *backend, int64_t after, size_t limit, void (*fn)(const struct store_audit *entry, void *arg),
	                  void *arg, struct err *err);
	int (*last_audit)(void *backend, struct store_audit *ret, struct err *err);
};

/* Takes the backend; gives the store around it. */
struct store *store_new(const struct store_ops *ops, void *backend, const struct store_hooks *hooks);

#endif
