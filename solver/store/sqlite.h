/* The SQLite backend; private to this folder.
 *
 * sqlite.c opens, locks and commits; schema.c knows the tables and their versions; rows.c turns the
 * model into rows and back.
 */
#ifndef SOLVER_STORE_SQLITE_H
#define SOLVER_STORE_SQLITE_H

#include <sqlite3.h>

#include "solver/store/backend.h"

enum statement {
	SQL_BEGIN, SQL_COMMIT, SQL_ROLLBACK,
	SQL_PUT_CHALLENGE, SQL_ADD_EVENT, SQL_PUT_ORDER,
	SQL_DELETE_EVENTS, SQL_DELETE_CHALLENGE, SQL_DELETE_ORDER,
	SQL_LOAD_CHALLENGES, SQL_LOAD_EVENTS, SQL_LOAD_ORDERS,
	SQL_PUT_CLIENT, SQL_EACH_CLIENT, SQL_PUT_SETTING, SQL_GET_SETTING, SQL_GET_VERDICT, SQL_GET_EVENTS,
	SQL_STATEMENTS,
};

struct sqlite {
	sqlite3 *db;
	char *path; /* of journal.db */
	int lock_fd;
	sqlite3_stmt *statements[SQL_STATEMENTS]; /* prepared at first use */
#ifdef DCVD_CRASH_POINTS
	unsigned long commits;
#endif
};

/* Sets what SQLite said, with the path and what to do; returns the code. */
int sqlite_error(struct sqlite *q, const char *what, struct err *err);
/* Runs plain text; for pragmas and migrations. */
int sqlite_exec(struct sqlite *q, const char *sql, struct err *err);
/* The prepared statement, reset, or NULL and *err. */
sqlite3_stmt *sqlite_prepare(struct sqlite *q, enum statement which, struct err *err);
/* Runs a statement that gives no rows, and resets it. */
int sqlite_run(struct sqlite *q, sqlite3_stmt *st, const char *what, struct err *err);

/* Looks at an existing file without writing to it: ours, and not newer than this program? */
int schema_check(struct sqlite *q, struct err *err);
/* Brings the open file to the current version, in one transaction. */
int schema_migrate(struct sqlite *q, struct err *err);

int rows_write(struct sqlite *q, const struct op *op, struct err *err);
int rows_load(struct sqlite *q, const struct store_visitor *visitor, struct err *err);
int rows_get_history(struct sqlite *q, const char *id, struct challenge *ret, struct err *err);
int rows_put_client(struct sqlite *q, const struct store_client *c, struct err *err);
int rows_each_client(struct sqlite *q, void (*fn)(const struct store_client *c, void *arg), void *arg, struct err *err);
int rows_put_setting(struct sqlite *q, const char *key, const char *value, struct err *err);
int rows_get_setting(struct sqlite *q, const char *key, char **ret, struct err *err);

#endif
