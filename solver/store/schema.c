/* The tables of the journal, one migration a version.
 *
 * `number` keeps the order in which challenges came; events hang on it, so that those of one
 * challenge lie together. A challenge may outlive its order: what was published is withdrawn
 * whatever happened to the paperwork.
 */
#include <unistd.h>

#include "solver/base/mem.h"
#include "solver/store/sqlite.h"

#define APPLICATION_ID 0x64637664 /* "dcvd", in the header of the file */

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
};

#define VERSION ((int)ARRAY_LEN(migrations))

static int read_pragma(struct sqlite *q, sqlite3 *db, const char *sql, int *ret, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	if (rc == SQLITE_NOTADB)
		return err_set(err, ERR_INVALID, "%s is not a journal of dcvd; move it away or name another state folder", q->path);
	if (rc != SQLITE_ROW)
		return err_set(err, ERR_IO, "read %s: %s", q->path, sqlite3_errmsg(db));
	return 0;
}

static int check_header(struct sqlite *q, sqlite3 *db, struct err *err)
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
	return 0;
}

int schema_check(struct sqlite *q, struct err *err)
{
	sqlite3 *db = NULL;
	int rc;

	if (access(q->path, F_OK) < 0)
		return 0; /* opening creates it, or says why not */
	if (sqlite3_open_v2(q->path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		rc = err_set(err, ERR_IO, "open %s: %s", q->path, sqlite3_errmsg(db));
	else
		rc = check_header(q, db, err);
	sqlite3_close(db);
	return rc;
}

static int migrate_from(struct sqlite *q, int version, struct err *err)
{
	CLEANUP(mem_freep) char *header = mem_printf("PRAGMA application_id = %d; PRAGMA user_version = %d;",
	                                             APPLICATION_ID, VERSION);
	int rc = 0;

	for (int i = version; i < VERSION && rc == 0; i++)
		rc = sqlite_exec(q, migrations[i], err);
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
