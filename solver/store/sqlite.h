/* The SQLite backend; private to this folder.
 *
 * connection.c runs statements, statements.c holds their SQL, columns.c binds and reads; schema.c knows the tables and their versions; rows.c
 * turns the model into rows and back, records.c clients, accounts, settings and the audit log; sqlite.c opens, locks and commits. reading.c and
 * copy.c read without writing, copy_store.c makes a store of that; verify.c compares with what was written, damage.c says what to do.
 */
#ifndef SOLVER_STORE_SQLITE_H
#define SOLVER_STORE_SQLITE_H

#include <sqlite3.h>

#include "solver/store/backend.h"
#include "solver/store/mark.h"

enum statement {
	SQL_BEGIN, SQL_COMMIT, SQL_ROLLBACK, SQL_COUNT_COMMIT,
	SQL_PUT_CHALLENGE, SQL_ADD_EVENT, SQL_PUT_ORDER,
	SQL_DELETE_EVENTS, SQL_DELETE_CHALLENGE, SQL_DELETE_ORDER,
	SQL_LOAD_CHALLENGES, SQL_LOAD_EVENTS, SQL_LOAD_ORDERS,
	SQL_PUT_CLIENT, SQL_EACH_CLIENT, SQL_PUT_SETTING, SQL_GET_SETTING, SQL_GET_VERDICT, SQL_GET_EVENTS,
	SQL_DELETE_SETTING, SQL_EACH_SETTING, SQL_ADD_AUDIT, SQL_EACH_AUDIT, SQL_LAST_AUDIT, SQL_TRIM_AUDIT, SQL_PUT_ACCOUNT, SQL_EACH_ACCOUNT,
	SQL_STATEMENTS,
};

struct sqlite {
	sqlite3 *db;
	char *folder;
	char *path;      /* of journal.db */
	char *mark_path; /* of journal.mark */
	int lock_fd, mark_fd;
	struct mark mark;       /* what is durable */
	int64_t mark_forced_ms; /* monotonic */
	bool mark_failed;       /* that was said */
	bool running;           /* it is open: damage is found by who uses it */
	bool accept;            /* open it as it is: verify_accept() follows */
	sqlite3_stmt *statements[SQL_STATEMENTS]; /* prepared at first use */
#ifdef DCVD_CRASH_POINTS
	unsigned long commits;
#endif
};

extern const struct store_ops sqlite_ops;
struct sqlite *sqlite_new(const char *folder, bool accept); /* nothing is opened yet */
void sqlite_close(void *backend);

/* The file as it is, for reading: nothing is left in the folder. SQLite's code; reading_close() in any case. */
struct reading {
	sqlite3 *db;
	char *made; /* a file that SQLite may have made */
};
int reading_open(struct sqlite *q, struct reading *r);
void reading_close(struct sqlite *q, struct reading *r);
/* `name` stands in the folder with that many bytes at least; true also where that cannot be known. */
bool reading_has_file(const char *folder, const char *name, int64_t least);
/* False while another dcvd uses the folder. A folder without the file of the lock is used by nobody. */
bool reading_lock(struct sqlite *q);
/* q->db becomes a copy in memory. */
int copy_open(struct sqlite *q, struct err *err);
/* Whether verify_accept() succeeds, tried on a copy. */
bool copy_acceptable(const struct sqlite *q);

extern const char *const sqlite_text[SQL_STATEMENTS];

/* Sets what SQLite said, with the path and what to do; returns the code. */
int sqlite_error(struct sqlite *q, const char *what, struct err *err);
/* Runs plain text; for pragmas and migrations. */
int sqlite_exec(struct sqlite *q, const char *sql, struct err *err);
/* The prepared statement, reset, or NULL and *err. */
sqlite3_stmt *sqlite_prepare(struct sqlite *q, enum statement which, struct err *err);
/* Runs a statement that gives no rows, and resets it. */
int sqlite_run(struct sqlite *q, sqlite3_stmt *st, const char *what, struct err *err);

/* Everything that `write` does, as one counted transaction. */
int sqlite_alone(struct sqlite *q, int (*write)(struct sqlite *q, const void *what, struct err *err), const void *what, struct err *err);

/* Looks at an existing file without writing to it: ours, not newer than this program, and as new as its mark says? */
int schema_check(struct sqlite *q, struct err *err);
/* Brings the open file to the current version, in one transaction. */
int schema_migrate(struct sqlite *q, struct err *err);
/* Opens the mark, and writes it as the open file says. */
int schema_mark(struct sqlite *q, struct err *err);

/* ---- verify.c: is it what was written? ---- */
/* The sums of what was read of one table: of the digests, and of (number, id), which its index must have too. */
struct tally {
	int64_t count, sum, keys;
};
/* Takes in the row under `st`, whose digest, digest anew and (if `keys`) key stand from column `at` on; false: it was changed. */
bool verify_row(struct tally *t, sqlite3_stmt *st, int at, bool keys);
/* ERR_DAMAGED, with what to do, when the table held something else when it was written. */
int verify_tally(struct sqlite *q, const char *table, const struct tally *seen, struct err *err);
int verify_keys(struct sqlite *q, const char *table, const struct tally *seen, struct err *err);
/* At every start: the pages (of a file that is not very large), the schema and the small tables. */
int verify_open(struct sqlite *q, struct err *err);
/* All pages and all indexes. */
int verify_all(struct sqlite *q, struct err *err);
/* Inside a transaction: digests all that is there anew, after a migration. */
int verify_digest(struct sqlite *q, struct err *err);
/* Takes what can be read for what was written. */
int verify_accept(struct sqlite *q, struct err *err);
/* Ends the sentence of an error while the journal is opened, read or checked: what cannot be printed is escaped, and ERR_DAMAGED gets what to
 * do, which is tried on a copy before. Returns `code`. */
int damage_advise(struct sqlite *q, int code, struct err *err);
/* 0, or ERR_DAMAGED: verify_accept() would fail. */
int verify_acceptable(struct sqlite *q, struct err *err);
/* Sets ERR_DAMAGED and a sentence without what to do. */
int damaged(struct sqlite *q, struct err *err, const char *format, ...) __attribute__((format(printf, 3, 4)));

int rows_write(struct sqlite *q, const struct op *op, struct err *err);
int rows_load(struct sqlite *q, const struct store_visitor *visitor, struct err *err);
int rows_get_history(struct sqlite *q, const char *id, struct challenge *ret, struct err *err);

/* Parameters and columns by their place; each call steps *at. A text that is read is given (free with free). */
void bind_text(sqlite3_stmt *st, int *at, const char *text);
void bind_number(sqlite3_stmt *st, int *at, int64_t number);
char *read_text(sqlite3_stmt *st, int *at);
int64_t read_number(sqlite3_stmt *st, int *at);

int rows_put_client(struct sqlite *q, const void *client, struct err *err);
int rows_each_client(struct sqlite *q, void (*fn)(const struct store_client *c, void *arg), void *arg, struct err *err);
int rows_put_setting(struct sqlite *q, const void *setting, struct err *err); /* struct setting; a value of NULL removes it */
int rows_get_setting(struct sqlite *q, const char *key, char **ret, struct err *err);
int rows_each_setting(struct sqlite *q, const char *prefix, void (*fn)(const char *key, const char *value, void *arg),
                      void *arg, struct err *err);
int rows_put_account(struct sqlite *q, const void *account, struct err *err);
int rows_each_account(struct sqlite *q, void (*fn)(const struct store_account *a, void *arg), void *arg, struct err *err);
int rows_add_audit(struct sqlite *q, const struct store_audit *entry, struct err *err);
int rows_trim_audit(struct sqlite *q, int64_t up_to, struct err *err);
int rows_each_audit(struct sqlite *q, int64_t after, size_t limit, void (*fn)(const struct store_audit *entry, void *arg),
                    void *arg, struct err *err);
int rows_last_audit(struct sqlite *q, struct store_audit *ret, struct err *err);

#endif
