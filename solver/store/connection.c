/* The connection to SQLite: what it says, its statements, and its end. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "solver/base/mem.h"
#include "solver/store/sqlite.h"

int damaged(struct sqlite *q, struct err *err, const char *format, ...)
{
	char what[ERR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return err_set(err, ERR_DAMAGED, "%.100s is damaged: %.280s", q->path, what);
}

int sqlite_error(struct sqlite *q, const char *what, struct err *err)
{
	int code = sqlite3_errcode(q->db) & 0xff;
	int system = sqlite3_system_errno(q->db);

	switch (code) {
	case SQLITE_FULL:
		return err_set(err, ERR_IO, "%s: %s: the disk is full; make room, nothing of this was stored", what, q->path);
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return err_set(err, ERR_IO, "%s: %s is not writable: %s; check the owner and mode of the folder", what, q->path,
		               sqlite3_errmsg(q->db));
	case SQLITE_IOERR:
		return err_set(err, ERR_IO, "%s: %s: %s (%s)", what, q->path, sqlite3_errmsg(q->db),
		               system ? strerror(system) : "no reason given");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return damaged(q, err, "%s: %s%s", what, sqlite3_errmsg(q->db), q->running ? "; stop dcvd, and dcvd journal check says what can be done" : "");
	default:
		return err_set(err, ERR_IO, "%s: %s: %s", what, q->path, sqlite3_errmsg(q->db));
	}
}

int sqlite_exec(struct sqlite *q, const char *sql, struct err *err)
{
	if (sqlite3_exec(q->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_error(q, "prepare the journal", err);
	return 0;
}

sqlite3_stmt *sqlite_prepare(struct sqlite *q, enum statement which, struct err *err)
{
	sqlite3_stmt **slot = &q->statements[which];

	if (*slot) {
		sqlite3_reset(*slot);
		return *slot;
	}
	if (sqlite3_prepare_v3(q->db, sqlite_text[which], -1, SQLITE_PREPARE_PERSISTENT, slot, NULL) != SQLITE_OK)
		sqlite_error(q, "prepare a statement", err);
	return *slot;
}

int sqlite_run(struct sqlite *q, sqlite3_stmt *st, const char *what, struct err *err)
{
	int step = sqlite3_step(st);
	int rc = step == SQLITE_DONE ? 0 : sqlite_error(q, what, err);

	sqlite3_reset(st);
	sqlite3_clear_bindings(st); /* they point into the caller's text */
	return rc;
}

/* ---- the struct ---- */

void sqlite_close(void *backend)
{
	struct sqlite *q = backend;

	for (size_t i = 0; i < SQL_STATEMENTS; i++)
		sqlite3_finalize(q->statements[i]);
	sqlite3_close(q->db);
	if (q->mark_fd >= 0) {
		mark_write(q->mark_fd, &q->mark, true, NULL);
		close(q->mark_fd);
	}
	if (q->lock_fd >= 0)
		close(q->lock_fd);
	free(q->folder);
	free(q->path);
	free(q->mark_path);
	free(q);
}

struct sqlite *sqlite_new(const char *folder, bool accept)
{
	struct sqlite *q = mem_new(1, sizeof(*q));

	q->lock_fd = q->mark_fd = -1;
	q->folder = mem_dup(folder);
	q->path = mem_printf("%s/journal.db", folder);
	q->mark_path = mem_printf("%s/journal.mark", folder);
	q->accept = accept;
	return q;
}
