#include "solver/store/acme_dns_import.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

#define TEXT_MAX 4096
#define BUSY_MS 5000

static const char accounts_sql[] = "SELECT Username, Password, Subdomain, AllowFrom FROM records ORDER BY Subdomain";
/* The newest first; the same value may stand in two rows. */
static const char values_sql[] =
	"SELECT Value, max(LastUpdate) AS at FROM txt WHERE Subdomain = ?1 AND Value <> '' GROUP BY Value HAVING at > ?2 ORDER BY at DESC LIMIT 16";

struct reader {
	const char *file;
	sqlite3 *db;
	sqlite3_stmt *accounts, *values;
	int64_t since_s;
};

static int fail(const struct reader *r, struct err *err)
{
	switch (sqlite3_errcode(r->db) & 0xff) {
	case SQLITE_ERROR: /* no such table */
	case SQLITE_NOTADB:
		return err_set(err, ERR_INVALID, "%s is no database of acme-dns: %s", r->file, sqlite3_errmsg(r->db));
	default:
		return err_set(err, ERR_IO, "read %s: %s", r->file, sqlite3_errmsg(r->db));
	}
}

static void reader_done(struct reader *r)
{
	sqlite3_finalize(r->accounts);
	sqlite3_finalize(r->values);
	sqlite3_close(r->db);
}

static int reader_open(struct reader *r, struct err *err)
{
	if (sqlite3_open_v2(r->file, &r->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		return err_set(err, ERR_NOT_FOUND, "open %s: %s", r->file, r->db ? sqlite3_errmsg(r->db) : "no memory");
	sqlite3_busy_timeout(r->db, BUSY_MS);
	sqlite3_limit(r->db, SQLITE_LIMIT_LENGTH, 1 << 20);
	if (sqlite3_prepare_v2(r->db, accounts_sql, -1, &r->accounts, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(r->db, values_sql, -1, &r->values, NULL) != SQLITE_OK)
		return fail(r, err);
	return 0;
}

/* A copy: what SQLite hands out lasts until the next step. Too long: "", which is refused later. */
static char *column(sqlite3_stmt *st, int at)
{
	const char *text = (const char *)sqlite3_column_text(st, at);

	if (!text)
		return NULL;
	return mem_dup(strlen(text) > TEXT_MAX ? "" : text);
}

static int read_values(struct reader *r, const char *subdomain, char *values[ACME_DNS_IMPORT_VALUES], size_t *ret_count, struct err *err)
{
	size_t count = 0;
	int step;

	sqlite3_reset(r->values);
	sqlite3_bind_text(r->values, 1, subdomain, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(r->values, 2, r->since_s);
	while ((step = sqlite3_step(r->values)) == SQLITE_ROW && count < ACME_DNS_IMPORT_VALUES)
		values[count++] = column(r->values, 0);
	*ret_count = count;
	return step == SQLITE_DONE || step == SQLITE_ROW ? 0 : fail(r, err);
}

static int read_account(struct reader *r, void (*fn)(const struct acme_dns_import *account, void *arg), void *arg, struct err *err)
{
	CLEANUP(mem_freep) char *username = column(r->accounts, 0);
	CLEANUP(mem_freep) char *password = column(r->accounts, 1);
	CLEANUP(mem_freep) char *subdomain = column(r->accounts, 2);
	CLEANUP(mem_freep) char *allow_from = column(r->accounts, 3);
	struct acme_dns_import a = { username ? username : "", password ? password : "", subdomain ? subdomain : "", allow_from, { NULL }, 0 };
	char *values[ACME_DNS_IMPORT_VALUES] = { NULL };
	int code = read_values(r, a.subdomain, values, &a.value_count, err);

	for (size_t i = 0; i < a.value_count; i++)
		a.values[i] = values[i];
	if (code == 0)
		fn(&a, arg);
	for (size_t i = 0; i < a.value_count; i++)
		free(values[i]);
	return code;
}

int acme_dns_import(const char *file, int64_t since_s, void (*fn)(const struct acme_dns_import *account, void *arg), void *arg, struct err *err)
{
	CLEANUP(reader_done) struct reader r = { .file = file, .since_s = since_s };
	int step;

	if (reader_open(&r, err) < 0)
		return err->code;
	while ((step = sqlite3_step(r.accounts)) == SQLITE_ROW)
		if (read_account(&r, fn, arg, err) < 0)
			return err->code;
	return step == SQLITE_DONE ? 0 : fail(&r, err);
}
