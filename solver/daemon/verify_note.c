#include "solver/base/mem.h"
#include "solver/daemon/verify.h"

void verify_note(const struct config *c, struct buf *out, const char *path, const char *text)
{
	CLEANUP(mem_freep) char *where = config_where(c, path);

	buf_printf(out, "%s%s%s%s\n", where, path, *path ? ": " : "", text);
}
