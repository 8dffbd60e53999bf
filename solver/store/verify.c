/* Is the journal what was written? See digest.h and mark.h for how that is known. */
#include <inttypes.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/store/digest.h"
#include "solver/store/sqlite.h"

#define SCHEMA_TALLY "SELECT 'schema', count(*), dcvd_sum(dcvd_digest(type, name, tbl_name, sql)) FROM sqlite_schema"
#define QUICK_PAGES_MAX 65536 /* 256 MB: about a second */

bool verify_row(struct tally *t, sqlite3_stmt *st, int at, bool keys)
{
	int64_t digest = sqlite3_column_int64(st, at);

	t->count++;
	t->sum = digest_add(t->sum, digest);
	if (keys)
		t->keys = digest_add(t->keys, sqlite3_column_int64(st, at + 2));
	return digest == sqlite3_column_int64(st, at + 1) && sqlite3_column_type(st, at) == SQLITE_INTEGER;
}

/* The first row of a statement, its columns as numbers. */
static int read_numbers(struct sqlite *q, const char *sql, int64_t *ret, int count, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(q->db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	for (int i = 0; rc == SQLITE_ROW && i < count; i++)
		ret[i] = sqlite3_column_int64(st, i);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : damaged(q, err, "%s", sqlite3_errmsg(q->db));
}

int verify_tally(struct sqlite *q, const char *table, const struct tally *seen, struct err *err)
{
	CLEANUP(mem_freep) char *sql = mem_printf("SELECT count, sum FROM tally WHERE name = '%s'", table);
	int64_t kept[2];

	if (read_numbers(q, sql, kept, 2, err) < 0)
		return err->code;
	if (kept[0] != seen->count)
		return damaged(q, err, "%" PRId64 " %s were written and %" PRId64 " are there", kept[0], table, seen->count);
	return kept[1] == seen->sum ? 0 : damaged(q, err, "the %s that are there are not those that were written", table);
}

/* The index of a table by id: what is found there is what an update changes. */
int verify_keys(struct sqlite *q, const char *table, const struct tally *seen, struct err *err)
{
	CLEANUP(mem_freep) char *sql = mem_printf("SELECT count(*), dcvd_sum(dcvd_digest(number, id)) FROM %s"
	                                          " INDEXED BY sqlite_autoindex_%s_1 WHERE id >= ''", table, table);
	int64_t index[2];

	if (read_numbers(q, sql, index, 2, err) < 0)
		return err->code;
	return index[0] == seen->count && index[1] == seen->keys ? 0 : damaged(q, err, "the index of the %s does not fit them", table);
}

/* "ok", or what is wrong. */
static int run_check(struct sqlite *q, const char *pragma, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(q->db, pragma, -1, &st, NULL);
	const char *said = NULL;
	int code = 0;

	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		said = (const char *)sqlite3_column_text(st, 0);
	if (!said || strcmp(said, "ok") != 0)
		code = damaged(q, err, "%.200s", said ? said : sqlite3_errmsg(q->db));
	sqlite3_finalize(st);
	return code;
}

static int verify_small(struct sqlite *q, const char *table, const char *columns, struct err *err)
{
	CLEANUP(mem_freep) char *sql = mem_printf("SELECT count(*), dcvd_sum(digest), total(digest IS NOT dcvd_digest(%s)) FROM %s NOT INDEXED", columns, table);
	CLEANUP(mem_freep) char *pragma = mem_printf("PRAGMA integrity_check(%s)", table);
	int64_t is[3];

	if (read_numbers(q, sql, is, 3, err) < 0)
		return err->code;
	if (is[2])
		return damaged(q, err, "%" PRId64 " of the %s are not what was written", is[2], table);
	if (verify_tally(q, table, &(struct tally){ .count = is[0], .sum = is[1] }, err) < 0)
		return err->code;
	return run_check(q, pragma, err);
}

static int verify_schema(struct sqlite *q, struct err *err)
{
	int64_t is[3], kept[2];

	if (read_numbers(q, SCHEMA_TALLY, is, 3, err) < 0 || read_numbers(q, "SELECT count, sum FROM tally WHERE name = 'schema'", kept, 2, err) < 0)
		return err->code;
	return is[1] == kept[0] && is[2] == kept[1] ? 0 : damaged(q, err, "its tables are not those that dcvd made");
}

int verify_open(struct sqlite *q, struct err *err)
{
	int64_t pages;
	int rc = read_numbers(q, "PRAGMA page_count", &pages, 1, err);

	if (rc == 0 && pages <= QUICK_PAGES_MAX)
		rc = run_check(q, "PRAGMA quick_check(1)", err);
	if (rc < 0 || (rc = verify_schema(q, err)) < 0 || (rc = verify_small(q, "clients", CLIENT_COLUMNS(""), err)) < 0 ||
	    (rc = verify_small(q, "settings", SETTING_COLUMNS(""), err)) < 0)
		return rc;
	return verify_small(q, "accounts", ACCOUNT_COLUMNS(""), err);
}

int verify_all(struct sqlite *q, struct err *err)
{
	return run_check(q, "PRAGMA integrity_check(1)", err);
}

#define ANEW(table, columns) \
	"UPDATE " table " SET digest = " DIGEST(columns) " WHERE digest IS NOT " DIGEST(columns) ";" \
	"INSERT OR REPLACE INTO tally SELECT '" table "', count(*), dcvd_sum(digest) FROM " table ";"

int verify_digest(struct sqlite *q, struct err *err)
{
	return sqlite_exec(q, ANEW("orders", "number, " ORDER_COLUMNS(""))
	                      ANEW("challenges", "number, " CHALLENGE_COLUMNS("", "verdict"))
	                      ANEW("events", EVENT_COLUMNS)
	                      ANEW("clients", CLIENT_COLUMNS(""))
	                      ANEW("settings", SETTING_COLUMNS(""))
	                      ANEW("accounts", ACCOUNT_COLUMNS(""))
	                      "INSERT OR REPLACE INTO tally " SCHEMA_TALLY, err);
}

int verify_accept(struct sqlite *q, struct err *err)
{
	int rc = run_check(q, "PRAGMA quick_check(1)", err);

	if (rc < 0)
		return rc;
	rc = sqlite_exec(q, "BEGIN IMMEDIATE; REINDEX; DELETE FROM events WHERE challenge NOT IN (SELECT number FROM challenges)", err);
	if (rc == 0)
		rc = verify_digest(q, err);
	return rc < 0 ? rc : sqlite_exec(q, "COMMIT", err);
}
