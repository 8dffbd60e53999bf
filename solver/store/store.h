/* The journal: what survives a restart.
 *
 * Writes are transactions that a worker thread commits in groups; the callback of each
 * comes on the thread that calls store_dispatch(), in the order of submission, after its
 * transaction is durable (fsync). A failed write keeps the store usable: the callback gets
 * the code, and nothing of that transaction is on disk. Names, not enum numbers, are stored.
 *
 * Backends: memory (tests), sqlite. One contract suite runs on all.
 */
#ifndef SOLVER_STORE_STORE_H
#define SOLVER_STORE_STORE_H

#include "solver/base/err.h"
#include "solver/challenge/challenge.h"

struct store;
struct store_txn;

/* A client of the API: credentials as a digest, and what was granted to it. */
struct store_client {
	char *name;
	char *token_digest; /* base64url of SHA-256 of the bearer token */
	char *grants;       /* JSON object: identifiers, types, networks (api/ defines it) */
	int64_t created_ms;
	bool revoked;
};

/* `wake` is called from the worker thread when store_dispatch() has work; it must only
 * post to the caller's loop. */
struct store_hooks {
	void (*wake)(void *arg);
	void *arg;
};

int store_open_memory(const struct store_hooks *hooks, struct store **ret, struct err *err);
/* Opens or creates <folder>/journal.db (folder mode 0700, file 0600), WAL, migrations.
 * Errors name the path and what to do: not writable, disk full, locked by another dcvd,
 * written by a newer version (which is left untouched). ERR_DAMAGED: what is there is not what was written (it is missing, its
 * write-ahead log is, or a bit flipped); the sentence says what is lost and what to do. store_load() finds the rest of that. */
int store_open_sqlite(const char *folder, const struct store_hooks *hooks, struct store **ret, struct err *err);
/* What the journal in <folder> holds now, for reading: copied into memory, also from under a running service; of an older version as
 * this version reads it. Nothing is written, there or in the folder. ERR_NOT_FOUND: there is no journal. */
int store_open_copy(const char *folder, struct store **ret, struct err *err);
/* 0: there is a journal in <folder>, or what is left of one. ERR_NOT_FOUND: there is none. */
int store_find_sqlite(const char *folder, struct err *err);
/* Looks at all of it but for the chain of the audit log, also at what a start leaves out because it would take long. Nothing is written.
 * 0, ERR_NOT_FOUND, or as store_open_sqlite(). */
int store_check_sqlite(const char *folder, struct err *err);
/* Takes what can be read for what was written, so that dcvd starts again. What is missing stays missing. ERR_NOT_FOUND: there is no journal, and
 * none is made. */
int store_accept_sqlite(const char *folder, struct err *err);
/* Waits for every submitted transaction; their callbacks are dropped. */
void store_close(struct store *s);

/* Calls `order`/`challenge` for everything stored; the objects are borrowed for the call. Once, at start. */
struct store_visitor {
	void (*order)(const struct order *o, void *arg);
	void (*challenge)(const struct challenge *c, void *arg);
	void *arg;
};
int store_load(struct store *s, const struct store_visitor *visitor, struct err *err);

struct store_txn *store_begin(struct store *s);
/* Each copies what it needs. put = insert or replace by id, without the events; a verdict of NULL leaves the stored
 * one (the engine does not keep it in memory for ever). */
void store_put_challenge(struct store_txn *t, const struct challenge *c);
void store_add_event(struct store_txn *t, const char *challenge_id, const struct challenge_event *event);
void store_put_order(struct store_txn *t, const struct order *o);
void store_delete_challenge(struct store_txn *t, const char *id); /* and its events */
void store_delete_order(struct store_txn *t, const char *id);
/* Takes the transaction. `done` may be NULL; it gets 0 or a code and sentence. */
void store_commit(struct store_txn *t, void (*done)(int code, const struct err *err, void *arg), void *arg);
void store_abort(struct store_txn *t); /* takes; NULL is allowed */

/* Reads the verdict and the events of one challenge on the worker, after everything that was submitted before. `done` comes once, from
 * store_dispatch(), with both (borrowed; its other fields are zero) or with the reason why not; ERR_NOT_FOUND: no such id. */
void store_read_history(struct store *s, const char *challenge_id, void (*done)(const struct challenge *history, const struct err *err, void *arg),
                        void *arg);

/* Runs the callbacks of what is durable by now. */
void store_dispatch(struct store *s);
/* Blocks until everything submitted is durable and its callbacks ran. For the end and for tests. */
void store_drain(struct store *s);

/* The audit log (api/audit.h writes the lines and their chain): append-only, numbers from 1 without gaps; entries go from its beginning only. */
struct store_audit { int64_t number, at_ms; char *line, *digest; };
/* ERR_INVALID, for the whole transaction, when the number does not follow the last one. */
void store_add_audit(struct store_txn *t, const struct store_audit *entry);
/* Removes the entries up to this number; the last one stays in any case. */
void store_trim_audit(struct store_txn *t, int64_t up_to);
/* Entries with a number over `after`, in order, at most `limit`; borrowed for the call. Synchronous. No entry is no error. */
int store_each_audit(struct store *s, int64_t after, size_t limit, void (*fn)(const struct store_audit *entry, void *arg), void *arg, struct err *err);
/* The last entry into *ret (free its texts); number 0 when there is none. */
int store_last_audit(struct store *s, struct store_audit *ret, struct err *err);

/* Accounts of acme-dns clients: a name below one of our zones and the password that may write it. Rare, synchronous. */
struct store_account {
	char *subdomain;     /* first label of the name: a UUID, or what was imported */
	char *username;      /* UUID */
	char *password_hash; /* crypt(3): bcrypt */
	char *allow_from;    /* JSON array of networks; "[]": from anywhere */
	int64_t created_ms;
	bool revoked;
};
int store_put_account(struct store *s, const struct store_account *a, struct err *err); /* insert or replace by subdomain */
/* By subdomain. The visitor's object is borrowed. No account is no error. */
int store_each_account(struct store *s, void (*fn)(const struct store_account *a, void *arg), void *arg, struct err *err);

/* Clients and small settings: rare, synchronous. */
int store_put_client(struct store *s, const struct store_client *c, struct err *err);
/* ERR_NOT_FOUND when there is none. The visitor's object is borrowed. */
int store_each_client(struct store *s, void (*fn)(const struct store_client *c, void *arg), void *arg, struct err *err);
int store_put_setting(struct store *s, const char *key, const char *value, struct err *err);
/* The same as part of a transaction: not waited for. A value of NULL removes the setting. */
void store_set(struct store_txn *t, const char *key, const char *value);
/* Those whose key begins with `prefix`, by key; borrowed for the call. */
int store_each_setting(struct store *s, const char *prefix, void (*fn)(const char *key, const char *value, void *arg), void *arg, struct err *err);
/* Gives *ret (free with free), NULL when unset. */
int store_get_setting(struct store *s, const char *key, char **ret, struct err *err);

#endif
