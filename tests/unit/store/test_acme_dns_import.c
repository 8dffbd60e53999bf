/* A database as acme-dns leaves it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <unistd.h>

#include "solver/store/acme_dns_import.h"

static const char schema[] =
	"CREATE TABLE acmedns(Name TEXT, Value TEXT); INSERT INTO acmedns VALUES('db_version','1');"
	"CREATE TABLE records(Username TEXT UNIQUE NOT NULL PRIMARY KEY, Password TEXT UNIQUE NOT NULL, Subdomain TEXT UNIQUE NOT NULL, AllowFrom TEXT);"
	"CREATE TABLE txt(Subdomain TEXT NOT NULL, Value TEXT NOT NULL DEFAULT '', LastUpdate INT);";

struct seen {
	char text[2048];
};

static void see(const struct acme_dns_import *a, void *arg)
{
	struct seen *s = arg;
	size_t used = strlen(s->text);

	used += (size_t)snprintf(s->text + used, sizeof(s->text) - used, "%s %s %s %s", a->subdomain, a->username, a->password_hash,
	                         a->allow_from ? a->allow_from : "-");
	for (size_t i = 0; i < a->value_count; i++)
		used += (size_t)snprintf(s->text + used, sizeof(s->text) - used, " %s", a->values[i]);
	snprintf(s->text + used, sizeof(s->text) - used, "\n");
}

static int imported(const char *sql, struct seen *seen, struct err *err)
{
	char path[] = "/tmp/dcvd-import-XXXXXX";
	int fd = mkstemp(path), code;
	sqlite3 *db;

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	*seen = (struct seen){ "" };
	code = acme_dns_import(path, 1000, see, seen, err);
	unlink(path);
	return code;
}

static void what_is_no_such_database_is_refused(void **state)
{
	struct seen seen = { "" };
	struct err err;

	(void)state;
	assert_int_equal(acme_dns_import("/nowhere/acme-dns.db", 0, see, &seen, &err), ERR_NOT_FOUND);
	assert_int_equal(acme_dns_import(TEST_DATA "/unit/store/test_acme_dns_import.c", 0, see, &seen, &err), ERR_INVALID);
	assert_int_equal(imported("CREATE TABLE other(a)", &seen, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "records"));
	assert_string_equal(seen.text, "");
}

static void accounts_come_with_their_fresh_values_only(void **state)
{
	char sql[4096];
	struct seen seen;
	struct err err;

	(void)state;
	snprintf(sql, sizeof(sql), "%s"
	         "INSERT INTO records VALUES('u2', CAST('$2a$10$two' AS BLOB), 's2', '[\"10.0.0.0/8\"]'), ('u1', '$2a$10$one', 's1', NULL);"
	         "INSERT INTO txt VALUES('s1', '', 0), ('s1', 'old', 1000), ('s2', 'newer', 2001), ('s2', 'new', 2000), ('s2', 'new', 1999);", schema);
	assert_int_equal(imported(sql, &seen, &err), 0);
	assert_string_equal(seen.text, "s1 u1 $2a$10$one -\ns2 u2 $2a$10$two [\"10.0.0.0/8\"] newer new\n");
}

static void an_empty_database_has_no_account(void **state)
{
	struct seen seen;
	struct err err;

	(void)state;
	assert_int_equal(imported(schema, &seen, &err), 0);
	assert_string_equal(seen.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_such_database_is_refused),
		cmocka_unit_test(accounts_come_with_their_fresh_values_only),
		cmocka_unit_test(an_empty_database_has_no_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
