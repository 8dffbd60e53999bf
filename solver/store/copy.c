/* Reading a journal without writing into its folder: a copy in memory, for who reads and for who checks. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/store/digest.h"
#include "solver/store/sqlite.h"

#define COPY_PATIENCE_MS 5000

static bool has_file(const char *folder, const char *name, off_t least)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/%s", folder, name);
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size >= least : errno != ENOENT && errno != ENOTDIR;
}

int store_find_sqlite(const char *folder, struct err *err)
{
	if (has_file(folder, "journal.db", 1) || has_file(folder, "journal.db-wal", 1) || has_file(folder, "journal.mark", 1))
		return 0;
	return err_set(err, ERR_NOT_FOUND, "there is no journal in %.300s", folder);
}

/* ---- reading ---- */

/* In a URI, '?' begins the parameters. */
static char *uri_of(const char *path, const char *parameters)
{
	struct buf uri = BUF_INIT(16384);

	buf_printf(&uri, "file:");
	for (const char *c = path; *c; c++)
		if (strchr("?#%", *c))
			buf_printf(&uri, "%%%02X", (unsigned)*c);
		else
			buf_add(&uri, c, 1);
	buf_printf(&uri, "%s", parameters);
	return buf_take(&uri);
}

/* False while another dcvd uses the folder. A folder without the file of the lock is used by nobody. */
static bool lock_existing(struct sqlite *q)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/lock", q->folder);

	if (q->lock_fd < 0)
		q->lock_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return q->lock_fd < 0 || flock(q->lock_fd, LOCK_EX | LOCK_NB) == 0;
}

/* Without a write-ahead log SQLite would make one, and leave it there: nobody writes then, and the file is read as it is. */
int reading_open(struct sqlite *q, struct reading *r)
{
	bool shm = has_file(q->folder, "journal.db-shm", 0), wal = has_file(q->folder, "journal.db-wal", 1);
	CLEANUP(mem_freep) char *uri = uri_of(q->path, shm || wal ? "?mode=ro" : "?immutable=1");

	*r = (struct reading){ .made = wal && !shm ? mem_printf("%s-shm", q->path) : NULL };
	return sqlite3_open_v2(uri, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
}

void reading_close(struct sqlite *q, struct reading *r)
{
	sqlite3_close(r->db);
	if (r->made && lock_existing(q)) /* otherwise it belongs to a dcvd that started meanwhile */
		unlink(r->made);
	free(r->made);
}

/* ---- copying ---- */

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

int store_open_copy(const char *folder, struct store **ret, struct err *err)
{
	struct sqlite *q = sqlite_new(folder, true);
	int rc;

	if (access(q->path, F_OK) < 0)
		rc = err_set(err, ERR_NOT_FOUND, "there is no journal %s", q->path);
	else if ((rc = copy_open(q, err)) == 0)
		rc = schema_migrate(q, err);
	if (rc < 0) {
		rc = damage_advise(q, rc, err);
		sqlite_close(q);
		return rc;
	}
	*ret = store_new(&sqlite_ops, q, NULL);
	return 0;
}

/* ---- checking ---- */

static int check_copy(struct sqlite *q, struct err *err)
{
	int rc;

	if (!lock_existing(q))
		return err_set(err, ERR_BUSY, "the state folder %s is used by another dcvd; stop it, or name another folder", q->folder);
	if ((rc = copy_open(q, err)) < 0 || (rc = verify_all(q, err)) < 0 ||
	    (rc = schema_migrate(q, err)) < 0 || (rc = verify_open(q, err)) < 0)
		return rc;
	return rows_load(q, &(struct store_visitor){ 0 }, err);
}

int store_check_sqlite(const char *folder, struct err *err)
{
	struct sqlite *q;
	int rc;

	if (store_find_sqlite(folder, err) < 0)
		return err->code;
	q = sqlite_new(folder, false);
	rc = check_copy(q, err);
	if (rc < 0)
		rc = damage_advise(q, rc, err);
	sqlite_close(q);
	return rc;
}

/* ---- would it be accepted? ---- */

bool copy_acceptable(const struct sqlite *q)
{
	struct sqlite *trial;
	struct err err;
	bool acceptable;

	if (!has_file(q->folder, "journal.db", 1))
		return true; /* an empty one */
	trial = sqlite_new(q->folder, true);
	trial->lock_fd = q->lock_fd < 0 ? -1 : fcntl(q->lock_fd, F_DUPFD_CLOEXEC, 0);
	acceptable = copy_open(trial, &err) == 0 && schema_migrate(trial, &err) == 0 && verify_accept(trial, &err) == 0 &&
	             rows_load(trial, &(struct store_visitor){ 0 }, &err) == 0;
	sqlite_close(trial);
	return acceptable;
}
