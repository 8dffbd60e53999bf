/* Reading the file of a journal without writing into its folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/store/sqlite.h"

bool reading_has_file(const char *folder, const char *name, int64_t least)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/%s", folder, name);
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size >= least : errno != ENOENT && errno != ENOTDIR;
}

int store_find_sqlite(const char *folder, struct err *err)
{
	if (reading_has_file(folder, "journal.db", 1) || reading_has_file(folder, "journal.db-wal", 1) || reading_has_file(folder, "journal.mark", 1))
		return 0;
	return err_set(err, ERR_NOT_FOUND, "there is no journal in %.300s", folder);
}

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

bool reading_lock(struct sqlite *q)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/lock", q->folder);

	if (q->lock_fd < 0)
		q->lock_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return q->lock_fd < 0 || flock(q->lock_fd, LOCK_EX | LOCK_NB) == 0;
}

/* Without a write-ahead log SQLite would make one, and leave it there: nobody writes then, and the file is read as it is. */
int reading_open(struct sqlite *q, struct reading *r)
{
	bool shm = reading_has_file(q->folder, "journal.db-shm", 0), wal = reading_has_file(q->folder, "journal.db-wal", 1);
	CLEANUP(mem_freep) char *uri = uri_of(q->path, shm || wal ? "?mode=ro" : "?immutable=1");

	*r = (struct reading){ .made = wal && !shm ? mem_printf("%s-shm", q->path) : NULL };
	return sqlite3_open_v2(uri, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
}

void reading_close(struct sqlite *q, struct reading *r)
{
	sqlite3_close(r->db);
	if (r->made && reading_lock(q)) /* otherwise it belongs to a dcvd that started meanwhile */
		unlink(r->made);
	free(r->made);
}
