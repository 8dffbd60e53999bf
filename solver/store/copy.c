/* A copy of a journal in memory, and whether it would be accepted. */
#include <fcntl.h>
#include <stdlib.h>

#include "solver/store/digest.h"
#include "solver/store/sqlite.h"

#define COPY_PATIENCE_MS 5000

static int copy_pages(struct sqlite *q, sqlite3 *from, struct err *err)
{
	sqlite3_backup *backup;
	int rc = SQLITE_ERROR;

	sqlite3_busy_timeout(from, COPY_PATIENCE_MS);
	backup = sqlite3_backup_init(q->db, "main", from, "main");
	if (backup) {
		sqlite3_backup_step(backup, -1);
		rc = sqlite3_backup_finish(backup);
	}
	if (rc == SQLITE_OK)
		return 0;
	if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
		return damaged(q, err, "%s", sqlite3_errmsg(q->db));
	return err_set(err, ERR_IO, "read the journal %s: %s", q->path, sqlite3_errmsg(backup ? q->db : from));
}

static int copy_database(struct sqlite *q, struct err *err)
{
	struct reading r;
	int rc;

	if (reading_open(q, &r) == SQLITE_OK)
		rc = copy_pages(q, r.db, err);
	else
		rc = err_set(err, ERR_IO, "read the journal %s: %s", q->path, sqlite3_errmsg(r.db));
	reading_close(q, &r);
	return rc;
}

int copy_open(struct sqlite *q, struct err *err)
{
	int rc;

	if (sqlite3_open(":memory:", &q->db) != SQLITE_OK || digest_register(q->db) != SQLITE_OK)
		return sqlite_error(q, "copy the journal", err);
	if ((rc = schema_check(q, err)) < 0)
		return rc;
	return copy_database(q, err);
}

bool copy_acceptable(const struct sqlite *q)
{
	struct sqlite *trial;
	struct err err;
	bool acceptable;

	if (!reading_has_file(q->folder, "journal.db", 1))
		return true; /* an empty one */
	trial = sqlite_new(q->folder, true);
	trial->lock_fd = q->lock_fd < 0 ? -1 : fcntl(q->lock_fd, F_DUPFD_CLOEXEC, 0);
	acceptable = copy_open(trial, &err) == 0 && schema_migrate(trial, &err) == 0 && verify_accept(trial, &err) == 0 &&
	             rows_load(trial, &(struct store_visitor){ 0 }, &err) == 0;
	sqlite_close(trial);
	return acceptable;
}
