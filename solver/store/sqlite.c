/* SQLite as a journal: one connection, WAL, a full fsync per group of transactions. */
#include "solver/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/base/trusted.h"
#include "solver/store/digest.h"

#define MARK_FORCE_MS 1000

static int run_plain(struct sqlite *q, enum statement which, const char *what, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, which, err);

	return st ? sqlite_run(q, st, what, err) : ERR_IO;
}

/* ---- committing ---- */

#ifdef DCVD_CRASH_POINTS
/* The crash tests name a commit before or after which the process dies as if the power failed. */
static void crash_point(struct sqlite *q, const char *variable)
{
	const char *at = getenv(variable);

	if (at && strtoul(at, NULL, 10) == q->commits)
		kill(getpid(), SIGKILL);
}
#define COUNT_COMMIT(q) ((q)->commits++)

/* What is written alone counts only where DCVD_CRASH_ALONE says so. */
static void crash_point_alone(struct sqlite *q, const char *variable)
{
	if (getenv("DCVD_CRASH_ALONE"))
		crash_point(q, variable);
}
#define COUNT_ALONE(q) ((q)->commits += getenv("DCVD_CRASH_ALONE") != NULL)
#else
#define crash_point(q, variable) ((void)(q))
#define crash_point_alone(q, variable) ((void)(q))
#define COUNT_COMMIT(q) ((void)(q))
#define COUNT_ALONE(q) ((void)(q))
#endif

static int write_all(struct sqlite *q, const struct store_txn *t, struct err *err)
{
	for (size_t i = 0; i < t->count; i++) {
		int rc = rows_write(q, &t->ops[i], err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* After a commit that is durable. The mark is a witness, not a condition: when it cannot be written, it is behind. */
static void move_mark(struct sqlite *q)
{
	int64_t now = clock_monotonic_ms();
	bool force = now - q->mark_forced_ms >= MARK_FORCE_MS;
	struct err err;

	q->mark.commits++;
	if (force)
		q->mark_forced_ms = now;
	if (mark_write(q->mark_fd, &q->mark, force, &err) == 0 || q->mark_failed)
		return;
	q->mark_failed = true;
	log_event(LOG_ERROR, "journal.mark cannot be written: a loss of the newest writes would not be noticed", "error", err.text, NULL);
}

/* Ends what SQL_BEGIN began: counted and durable, or undone. */
static int end_transaction(struct sqlite *q, int rc, bool wrote, struct err *err)
{
	if (rc == 0 && wrote)
		rc = run_plain(q, SQL_COUNT_COMMIT, "count the commit", err);
	if (rc == 0)
		rc = run_plain(q, SQL_COMMIT, "commit", err);
	if (rc < 0 && !sqlite3_get_autocommit(q->db))
		run_plain(q, SQL_ROLLBACK, "roll back", NULL);
	if (rc == 0 && wrote)
		move_mark(q);
	return rc;
}

/* The transactions from `first` up to `end` as one of SQLite's: all of them, or nothing. */
static int commit_together(struct sqlite *q, struct store_txn *first, struct store_txn *end, struct err *err)
{
	int rc = run_plain(q, SQL_BEGIN, "begin", err);
	bool wrote = false;

	for (struct store_txn *t = first; t != end && rc == 0; t = t->next) {
		rc = write_all(q, t, err);
		wrote |= t->count > 0;
	}
	return end_transaction(q, rc, wrote, err);
}

int sqlite_alone(struct sqlite *q, int (*write)(struct sqlite *q, const void *what, struct err *err), const void *what, struct err *err)
{
	int rc;

	COUNT_ALONE(q);
	crash_point_alone(q, "DCVD_CRASH_BEFORE_COMMIT");
	rc = run_plain(q, SQL_BEGIN, "begin", err);
	rc = end_transaction(q, rc == 0 ? write(q, what, err) : rc, true, err);
	crash_point_alone(q, "DCVD_CRASH_AFTER_COMMITS");
	return rc;
}

/* One fsync for the whole group. Only when something in it fails, each is tried alone, so that a
 * bad one takes no other with it. */
static void sqlite_commit(void *backend, struct store_txn *list)
{
	struct sqlite *q = backend;
	struct err err = { 0 };

	COUNT_COMMIT(q);
	crash_point(q, "DCVD_CRASH_BEFORE_COMMIT");
	if (commit_together(q, list, NULL, &err) < 0)
		for (struct store_txn *t = list; t; t = t->next) {
			err = (struct err){ 0 };
			if (commit_together(q, t, t->next, &err) < 0) {
				t->result = mem_new(1, sizeof(*t->result));
				*t->result = err;
			}
		}
	crash_point(q, "DCVD_CRASH_AFTER_COMMITS");
}

/* ---- opening and closing ---- */

static int make_folder(const char *folder, struct err *err)
{
	return trusted_make(folder, geteuid(), geteuid() == 0, err) < 0 ? err_in(err, "the state folder is not safe") : 0;
}

/* The lock goes with the process, however it ends; the file stays. */
static int lock_folder(struct sqlite *q, const char *folder, struct err *err)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/lock", folder);

	q->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (q->lock_fd < 0)
		return err_errno(err, "the state folder is not writable: open %s", path);
	if (flock(q->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(err, ERR_BUSY, "the state folder %s is used by another dcvd; stop it, or name another folder",
		               folder);
	return err_errno(err, "lock %s", path);
}

/* Made here and not by SQLite, so that the mode does not depend on the umask. */
static int make_file(struct sqlite *q, struct err *err)
{
	int fd = open(q->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(err, "open the journal %s", q->path);
	close(fd);
	return 0;
}

static int open_database(struct sqlite *q, struct err *err)
{
	if (sqlite3_open_v2(q->path, &q->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return sqlite_error(q, "open the journal", err);
	sqlite3_extended_result_codes(q->db, 1);
	if (digest_register(q->db) != SQLITE_OK)
		return sqlite_error(q, "open the journal", err);
	return sqlite_exec(q, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
	                      "PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY;", err);
}

static int open_parts(struct sqlite *q, const char *folder, struct err *err)
{
	int rc;

	if ((rc = make_folder(folder, err)) < 0 || (rc = lock_folder(q, folder, err)) < 0 || (q->accept && (rc = verify_acceptable(q, err)) < 0) ||
	    (rc = schema_check(q, err)) < 0 || (rc = make_file(q, err)) < 0 || (rc = open_database(q, err)) < 0 ||
	    (rc = schema_migrate(q, err)) < 0)
		return rc;
	rc = q->accept ? verify_accept(q, err) : verify_open(q, err);
	return rc < 0 ? rc : schema_mark(q, err);
}

static int sqlite_load(void *backend, const struct store_visitor *visitor, struct err *err)
{
	int rc = rows_load(backend, visitor, err);

	return rc < 0 ? damage_advise(backend, rc, err) : 0;
}

static int sqlite_put_client(void *backend, const struct store_client *c, struct err *err)
{
	return sqlite_alone(backend, rows_put_client, c, err);
}

static int sqlite_each_client(void *backend, void (*fn)(const struct store_client *c, void *arg), void *arg,
                              struct err *err)
{
	return rows_each_client(backend, fn, arg, err);
}

static int sqlite_put_setting(void *backend, const char *key, const char *value, struct err *err)
{
	return sqlite_alone(backend, rows_put_setting, &(struct setting){ (char *)(uintptr_t)key, (char *)(uintptr_t)value }, err);
}

static int sqlite_get_setting(void *backend, const char *key, char **ret, struct err *err)
{
	return rows_get_setting(backend, key, ret, err);
}

static int sqlite_get_history(void *backend, const char *challenge_id, struct challenge *ret, struct err *err)
{
	return rows_get_history(backend, challenge_id, ret, err);
}

static int sqlite_each_setting(void *backend, const char *prefix, void (*fn)(const char *key, const char *value, void *arg),
                               void *arg, struct err *err)
{
	return rows_each_setting(backend, prefix, fn, arg, err);
}

static int sqlite_put_account(void *backend, const struct store_account *a, struct err *err)
{
	return sqlite_alone(backend, rows_put_account, a, err);
}

static int sqlite_each_account(void *backend, void (*fn)(const struct store_account *a, void *arg), void *arg,
                               struct err *err)
{
	return rows_each_account(backend, fn, arg, err);
}

static int sqlite_each_audit(void *backend, int64_t after, size_t limit, void (*fn)(const struct store_audit *entry, void *arg),
                             void *arg, struct err *err)
{
	return rows_each_audit(backend, after, limit, fn, arg, err);
}

static int sqlite_last_audit(void *backend, struct store_audit *ret, struct err *err)
{
	return rows_last_audit(backend, ret, err);
}

const struct store_ops sqlite_ops = {
	.name = "sqlite",
	.has_worker = true,
	.close = sqlite_close,
	.load = sqlite_load,
	.commit = sqlite_commit,
	.get_history = sqlite_get_history,
	.put_client = sqlite_put_client,
	.each_client = sqlite_each_client,
	.put_setting = sqlite_put_setting,
	.get_setting = sqlite_get_setting,
	.each_setting = sqlite_each_setting,
	.put_account = sqlite_put_account,
	.each_account = sqlite_each_account,
	.each_audit = sqlite_each_audit,
	.last_audit = sqlite_last_audit,
};

int store_open_sqlite(const char *folder, const struct store_hooks *hooks, struct store **ret, struct err *err)
{
	struct sqlite *q = sqlite_new(folder, false);
	int rc = open_parts(q, folder, err);

	if (rc < 0) {
		rc = damage_advise(q, rc, err);
		sqlite_close(q);
		return rc;
	}
	q->running = true;
	*ret = store_new(&sqlite_ops, q, hooks);
	return 0;
}

int store_accept_sqlite(const char *folder, struct err *err)
{
	struct sqlite *q;
	int rc;

	if (store_find_sqlite(folder, err) < 0)
		return err->code;
	q = sqlite_new(folder, true);
	rc = open_parts(q, folder, err);
	if (rc == 0)
		rc = rows_load(q, &(struct store_visitor){ 0 }, err);
	sqlite_close(q);
	return rc;
}
