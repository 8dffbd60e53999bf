/* Clients, settings, accounts and the audit log as rows, and back. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/store/sqlite.h"

/* ---- clients ---- */

int rows_put_client(struct sqlite *q, const void *client, struct err *err)
{
	const struct store_client *c = client;
	sqlite3_stmt *st = sqlite_prepare(q, SQL_PUT_CLIENT, err);
	int at = 0;

	if (!st)
		return ERR_IO;
	bind_text(st, &at, c->name);
	bind_text(st, &at, c->token_digest);
	bind_text(st, &at, c->grants);
	bind_number(st, &at, c->created_ms);
	bind_number(st, &at, c->revoked);
	return sqlite_run(q, st, "write a client", err);
}

static void client_done(struct store_client *c)
{
	free(c->name);
	free(c->token_digest);
	free(c->grants);
}

int rows_each_client(struct sqlite *q, void (*fn)(const struct store_client *c, void *arg), void *arg, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, SQL_EACH_CLIENT, err);
	size_t count = 0;
	int step;

	if (!st)
		return ERR_IO;
	while ((step = sqlite3_step(st)) == SQLITE_ROW) {
		CLEANUP(client_done) struct store_client c = { 0 };
		int at = 0;

		c.name = read_text(st, &at);
		c.token_digest = read_text(st, &at);
		c.grants = read_text(st, &at);
		c.created_ms = read_number(st, &at);
		c.revoked = read_number(st, &at) != 0;
		count++;
		fn(&c, arg);
	}
	sqlite3_reset(st);
	if (step != SQLITE_DONE)
		return sqlite_error(q, "read clients", err);
	return count ? 0 : err_set(err, ERR_NOT_FOUND, "there is no client in %s", q->path);
}

/* ---- settings ---- */

int rows_put_setting(struct sqlite *q, const void *setting, struct err *err)
{
	const struct setting *s = setting;
	sqlite3_stmt *st = sqlite_prepare(q, s->value ? SQL_PUT_SETTING : SQL_DELETE_SETTING, err);
	int at = 0;

	if (!st)
		return ERR_IO;
	bind_text(st, &at, s->key);
	if (s->value)
		bind_text(st, &at, s->value);
	return sqlite_run(q, st, "write a setting", err);
}

int rows_get_setting(struct sqlite *q, const char *key, char **ret, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, SQL_GET_SETTING, err);
	int at = 0, step;

	if (!st)
		return ERR_IO;
	bind_text(st, &at, key);
	at = 0;
	step = sqlite3_step(st);
	if (step == SQLITE_ROW || step == SQLITE_DONE)
		*ret = step == SQLITE_ROW ? read_text(st, &at) : NULL;
	sqlite3_reset(st);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : sqlite_error(q, "read a setting", err);
}

int rows_each_setting(struct sqlite *q, const char *prefix, void (*fn)(const char *key, const char *value, void *arg),
                      void *arg, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, SQL_EACH_SETTING, err);
	int at = 0, step;

	if (!st)
		return ERR_IO;
	bind_text(st, &at, prefix);
	while ((step = sqlite3_step(st)) == SQLITE_ROW)
		fn((const char *)sqlite3_column_text(st, 0), (const char *)sqlite3_column_text(st, 1), arg);
	sqlite3_reset(st);
	return step == SQLITE_DONE ? 0 : sqlite_error(q, "read settings", err);
}

/* ---- accounts ---- */

int rows_put_account(struct sqlite *q, const void *account, struct err *err)
{
	const struct store_account *a = account;
	sqlite3_stmt *st = sqlite_prepare(q, SQL_PUT_ACCOUNT, err);
	int at = 0;

	if (!st)
		return ERR_IO;
	bind_text(st, &at, a->subdomain);
	bind_text(st, &at, a->username);
	bind_text(st, &at, a->password_hash);
	bind_text(st, &at, a->allow_from);
	bind_number(st, &at, a->created_ms);
	bind_number(st, &at, a->revoked);
	return sqlite_run(q, st, "write an account", err);
}

static void account_done(struct store_account *a)
{
	free(a->subdomain);
	free(a->username);
	free(a->password_hash);
	free(a->allow_from);
}

int rows_each_account(struct sqlite *q, void (*fn)(const struct store_account *a, void *arg), void *arg, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, SQL_EACH_ACCOUNT, err);
	int step;

	if (!st)
		return ERR_IO;
	while ((step = sqlite3_step(st)) == SQLITE_ROW) {
		CLEANUP(account_done) struct store_account a = { 0 };
		int at = 0;

		a.subdomain = read_text(st, &at);
		a.username = read_text(st, &at);
		a.password_hash = read_text(st, &at);
		a.allow_from = read_text(st, &at);
		a.created_ms = read_number(st, &at);
		a.revoked = read_number(st, &at) != 0;
		fn(&a, arg);
	}
	sqlite3_reset(st);
	return step == SQLITE_DONE ? 0 : sqlite_error(q, "read accounts", err);
}

/* ---- the audit log ---- */

int rows_add_audit(struct sqlite *q, const struct store_audit *entry, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, SQL_ADD_AUDIT, err);
	int at = 0, rc;

	if (!st)
		return ERR_IO;
	bind_number(st, &at, entry->number);
	bind_number(st, &at, entry->at_ms);
	bind_text(st, &at, entry->line);
	bind_text(st, &at, entry->digest);
	rc = sqlite_run(q, st, "write an audit entry", err);
	if (rc == 0 && sqlite3_changes(q->db) == 0)
		return err_set(err, ERR_INVALID, "audit entry %lld does not follow the last one", (long long)entry->number);
	return rc;
}

int rows_trim_audit(struct sqlite *q, int64_t up_to, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, SQL_TRIM_AUDIT, err);
	int at = 0;

	if (!st)
		return ERR_IO;
	bind_number(st, &at, up_to);
	return sqlite_run(q, st, "remove old audit entries", err);
}

static void audit_done(struct store_audit *entry)
{
	free(entry->line);
	free(entry->digest);
}

/* We write no zero byte. What has one reads as nothing, and not as its beginning. */
static char *read_whole_text(sqlite3_stmt *st, int *at)
{
	char *text = read_text(st, at);

	if (text && strlen(text) != (size_t)sqlite3_column_bytes(st, *at - 1))
		*text = '\0';
	return text;
}

static void read_audit(sqlite3_stmt *st, struct store_audit *ret)
{
	int at = 0;

	ret->number = read_number(st, &at);
	ret->at_ms = read_number(st, &at);
	ret->line = read_whole_text(st, &at);
	ret->digest = read_whole_text(st, &at);
}

int rows_each_audit(struct sqlite *q, int64_t after, size_t limit, void (*fn)(const struct store_audit *entry, void *arg),
                    void *arg, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, SQL_EACH_AUDIT, err);
	int at = 0, step;

	if (!st)
		return ERR_IO;
	bind_number(st, &at, after);
	bind_number(st, &at, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
	while ((step = sqlite3_step(st)) == SQLITE_ROW) {
		CLEANUP(audit_done) struct store_audit entry = { 0 };

		read_audit(st, &entry);
		fn(&entry, arg);
	}
	sqlite3_reset(st);
	return step == SQLITE_DONE ? 0 : sqlite_error(q, "read the audit log", err);
}

int rows_last_audit(struct sqlite *q, struct store_audit *ret, struct err *err)
{
	sqlite3_stmt *st = sqlite_prepare(q, SQL_LAST_AUDIT, err);
	int step;

	if (!st)
		return ERR_IO;
	*ret = (struct store_audit){ 0 };
	step = sqlite3_step(st);
	if (step == SQLITE_ROW)
		read_audit(st, ret);
	sqlite3_reset(st);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : sqlite_error(q, "read the audit log", err);
}
