/* The tables of the journal, one migration a version.
 *
 * `number` keeps the order in which challenges came; events hang on it, so that those of one
 * challenge lie together. A challenge may outlive its order: what was published is withdrawn
 * whatever happened to the paperwork.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "solver/base/mem.h"
#include "solver/store/sqlite.h"

#define APPLICATION_ID 0x64637664 /* "dcvd", in the header of the file */

/* A digest beside each row, and triggers that keep the sum. 2^62 is added so that nothing is below zero on the way. */
#define TALLY(table) \
	"ALTER TABLE " table " ADD COLUMN digest INTEGER;" \
	"CREATE TRIGGER " table "_added AFTER INSERT ON " table " BEGIN UPDATE tally SET count = count + 1," \
	" sum = (sum + ifnull(new.digest, 0)) & 4611686018427387903 WHERE name = '" table "'; END;" \
	"CREATE TRIGGER " table "_changed AFTER UPDATE OF digest ON " table " BEGIN UPDATE tally SET" \
	" sum = (((sum + 4611686018427387904 - ifnull(old.digest, 0)) & 4611686018427387903) + ifnull(new.digest, 0))" \
	" & 4611686018427387903 WHERE name = '" table "'; END;" \
	"CREATE TRIGGER " table "_removed AFTER DELETE ON " table " BEGIN UPDATE tally SET count = count - 1," \
	" sum = (sum + 4611686018427387904 - ifnull(old.digest, 0)) & 4611686018427387903 WHERE name = '" table "'; END;"

static const char *const migrations[] = {
	/* 0 -> 1 */
	"CREATE TABLE orders ("
	" number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, client TEXT, callback_url TEXT, callback_secret TEXT,"
	" callback_result TEXT, label TEXT, created_ms INTEGER NOT NULL, announced INTEGER NOT NULL) STRICT;"
	"CREATE TABLE challenges ("
	" number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, order_id TEXT NOT NULL, client TEXT,"
	" type TEXT NOT NULL, state TEXT NOT NULL, identifier TEXT, wildcard INTEGER NOT NULL, token TEXT,"
	" key_authorization TEXT, value TEXT, fqdn TEXT, zone TEXT, provider TEXT, handle TEXT, reason TEXT, verdict TEXT,"
	" created_ms INTEGER NOT NULL, deadline_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,"
	" updated_ms INTEGER NOT NULL) STRICT;"
	"CREATE TABLE events ("
	" challenge INTEGER NOT NULL REFERENCES challenges(number), number INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
	" state TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (challenge, number)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE clients ("
	" name TEXT PRIMARY KEY NOT NULL, token_digest TEXT, grants TEXT, created_ms INTEGER NOT NULL,"
	" revoked INTEGER NOT NULL) STRICT;"
	"CREATE TABLE settings (key TEXT PRIMARY KEY NOT NULL, value TEXT) STRICT;",
	/* 1 -> 2 */
	"ALTER TABLE challenges ADD COLUMN record_name TEXT;"
	"ALTER TABLE challenges ADD COLUMN account_uri TEXT;"
	"CREATE TABLE audit ("
	" number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, line TEXT NOT NULL, digest TEXT NOT NULL) STRICT;"
	"CREATE TABLE accounts ("
	" subdomain TEXT PRIMARY KEY NOT NULL, username TEXT NOT NULL, password_hash TEXT NOT NULL, allow_from TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL, revoked INTEGER NOT NULL) STRICT;",
	/* 2 -> 3 */
	"ALTER TABLE challenges ADD COLUMN within_ms INTEGER NOT NULL DEFAULT 0;"
	"UPDATE challenges SET within_ms = deadline_ms - created_ms;",
	/* 3 -> 4: digest.h */
	"CREATE TABLE journal (id TEXT NOT NULL, commits INTEGER NOT NULL) STRICT;"
	"INSERT INTO journal VALUES (lower(hex(randomblob(16))), 0);"
	"CREATE TABLE tally (name TEXT PRIMARY KEY NOT NULL, count INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	TALLY("orders") TALLY("challenges") TALLY("events") TALLY("clients") TALLY("settings") TALLY("accounts"),
	/* 4 -> 5 */
	"ALTER TABLE challenges ADD COLUMN sites TEXT;",
	/* 5 -> 6: of orders that share a challenge; NULL in all others */
	"ALTER TABLE orders ADD COLUMN challenges TEXT;"
	"ALTER TABLE orders ADD COLUMN reason TEXT;"
	"ALTER TABLE orders ADD COLUMN deadline_ms INTEGER;"
	"ALTER TABLE orders ADD COLUMN expires_ms INTEGER;"
	"ALTER TABLE orders ADD COLUMN let_go_ms INTEGER;",
};

#define VERSION ((int)ARRAY_LEN(migrations))
#define MARKED_VERSION 4 /* the first with a table `journal` and a mark beside it */

static int read_pragma(struct sqlite *q, sqlite3 *db, const char *sql, int *ret, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	if (rc == SQLITE_CORRUPT)
		return damaged(q, err, "%s", sqlite3_errmsg(db));
	if (rc == SQLITE_NOTADB)
		return err_set(err, ERR_INVALID, "%s is not a journal of dcvd; move it away or name another state folder", q->path);
	if (rc != SQLITE_ROW)
		return err_set(err, ERR_IO, "read %s: %s", q->path, sqlite3_errmsg(db));
	return 0;
}

static int read_journal(struct sqlite *q, sqlite3 *db, struct mark *ret, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, "SELECT id, commits FROM journal", -1, &st, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		strncpy(ret->id, (const char *)sqlite3_column_text(st, 0), MARK_ID_SIZE - 1);
		ret->commits = sqlite3_column_int64(st, 1);
	}
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : damaged(q, err, "its counter cannot be read: %s", sqlite3_errmsg(db));
}

/* The database as it opens against what its mark says was confirmed. */
static int compare_mark(struct sqlite *q, sqlite3 *db, int version, const struct mark *mark, struct err *err)
{
	struct mark is = { 0 };

	if (!mark->id[0] || q->accept)
		return 0;
	if (version >= MARKED_VERSION && read_journal(q, db, &is, err) < 0)
		return ERR_DAMAGED;
	if (is.id[0] && strcmp(is.id, mark->id) != 0)
		return damaged(q, err, "journal.mark beside it is of another journal");
	if (is.commits < mark->commits)
		return damaged(q, err, "the last %" PRId64 " of %" PRId64 " confirmed writes are lost: journal.db-wal was deleted, cut short or damaged, "
		               "or an old copy was put here. What was presented or withdrawn last may be published, or may not be", mark->commits - is.commits, mark->commits);
	return 0;
}

static int check_header(struct sqlite *q, sqlite3 *db, const struct mark *mark, struct err *err)
{
	int application, version, tables;

	if (read_pragma(q, db, "PRAGMA application_id", &application, err) < 0 ||
	    read_pragma(q, db, "PRAGMA user_version", &version, err) < 0 ||
	    read_pragma(q, db, "SELECT count(*) FROM sqlite_schema", &tables, err) < 0)
		return err ? err->code : ERR_IO;
	if (tables > 0 && application != APPLICATION_ID)
		return err_set(err, ERR_INVALID, "%s is a database of something else; move it away or name another state folder",
		               q->path);
	if (version > VERSION)
		return err_set(err, ERR_UNSUPPORTED,
		               "%s was written by a newer dcvd (version %d, this program knows up to %d): start the newer "
		               "program, or name another state folder; the file was not changed", q->path, version, VERSION);
	return compare_mark(q, db, version, mark, err);
}

/* No file, or one of which nothing is left: a beginning, unless there was a journal here before. */
static int check_beginning(struct sqlite *q, const struct mark *mark, struct err *err)
{
	CLEANUP(mem_freep) char *wal = mem_printf("%s-wal", q->path);
	struct stat st;

	if (q->accept)
		return 0;
	if (mark->id[0])
		return damaged(q, err, "it is missing or empty, and journal.mark says that it held %" PRId64 " confirmed writes: all challenges, clients and "
		               "settings are lost, and what is published stays", mark->commits);
	if (stat(wal, &st) == 0 && st.st_size > 0)
		return damaged(q, err, "it is missing or empty, and its write-ahead log journal.db-wal is there");
	return 0;
}

int schema_check(struct sqlite *q, struct err *err)
{
	struct mark mark = { 0 };
	struct reading r;
	struct stat st = { 0 };
	int rc;

	if (!q->accept && mark_read(q->mark_path, &mark, err) < 0)
		return err->code == ERR_DAMAGED ? damaged(q, err, "journal.mark beside it cannot be read, so whether it is whole is unknown") : err->code;
	if (stat(q->path, &st) < 0 && errno != ENOENT)
		return 0; /* opening says why not */
	if (st.st_size == 0)
		return check_beginning(q, &mark, err);
	if (reading_open(q, &r) != SQLITE_OK)
		rc = err_set(err, ERR_IO, "open %s: %s", q->path, sqlite3_errmsg(r.db));
	else
		rc = check_header(q, r.db, &mark, err);
	reading_close(q, &r);
	return rc;
}

int schema_mark(struct sqlite *q, struct err *err)
{
	if (read_journal(q, q->db, &q->mark, err) < 0)
		return err->code;
	q->mark_fd = mark_open(q->mark_path, err);
	return q->mark_fd < 0 ? q->mark_fd : mark_write(q->mark_fd, &q->mark, true, err);
}

static int migrate_from(struct sqlite *q, int version, struct err *err)
{
	CLEANUP(mem_freep) char *header = mem_printf("PRAGMA application_id = %d; PRAGMA user_version = %d;",
	                                             APPLICATION_ID, VERSION);
	int rc = 0;

	for (int i = version; i < VERSION && rc == 0; i++)
		rc = sqlite_exec(q, migrations[i], err);
	if (rc == 0)
		rc = verify_digest(q, err);
	return rc < 0 ? rc : sqlite_exec(q, header, err);
}

int schema_migrate(struct sqlite *q, struct err *err)
{
	int version, rc;

	rc = read_pragma(q, q->db, "PRAGMA user_version", &version, err);
	if (rc < 0 || version == VERSION)
		return rc;
	rc = sqlite_exec(q, "BEGIN IMMEDIATE", err);
	if (rc < 0)
		return rc;
	rc = migrate_from(q, version, err);
	if (rc == 0)
		rc = sqlite_exec(q, "COMMIT", err);
	if (rc < 0)
		sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}
