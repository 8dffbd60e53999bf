/* What two configurations have in common. */
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/conf/config.h"
#include "solver/conf/tables.h"

#define TEXT_MAX (1024 * 1024) /* of a value */

static bool is_same(const struct option *o, const void *a, const void *b)
{
	CLEANUP(buf_done) struct buf one = BUF_INIT(TEXT_MAX), other = BUF_INIT(TEXT_MAX);

	option_dump(o, a, &one);
	option_dump(o, b, &other);
	return strcmp(buf_text(&one), buf_text(&other)) == 0;
}

bool config_section_is_same(const struct config *a, const struct config *b, const char *name)
{
	const struct section *s = section_find(name);

	for (const struct option *o = s->table; o->name; o++)
		if (!is_same(o, section_base(s, a), section_base(s, b)))
			return false;
	return true;
}
