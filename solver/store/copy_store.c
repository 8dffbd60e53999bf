/* A store over a copy in memory, for who reads and for who checks. */
#include <stdlib.h>
#include <unistd.h>

#include "solver/base/mem.h"
#include "solver/store/sqlite.h"

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

static int check_copy(struct sqlite *q, struct err *err)
{
	int rc;

	if (!reading_lock(q))
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
