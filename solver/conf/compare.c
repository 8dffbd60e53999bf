/* What two configurations have in common, and what one keeps of the other. */
#include <stdlib.h>
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

static void keep_section(const struct section *s, struct config *fresh, const struct config *running, config_kept_fn fn, void *arg)
{
	for (const struct option *o = s->table; o->name; o++) {
		CLEANUP(mem_freep) char *path = mem_printf("%s%s%s", s->name, *s->name ? "." : "", o->name);

		if (!o->start || is_same(o, section_base(s, fresh), section_base(s, running)))
			continue;
		fn(path, arg);
		option_copy(o, section_base(s, fresh), section_base(s, running));
	}
}

void config_keep_running(struct config *fresh, const struct config *running, config_kept_fn fn, void *arg)
{
	for (const struct section *s = config_sections; s->name; s++)
		keep_section(s, fresh, running, fn, arg);
}
