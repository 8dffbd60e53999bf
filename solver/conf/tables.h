/* Every option of dcvd: sections, their tables, and where they lie in struct config. */
#ifndef SOLVER_CONF_TABLES_H
#define SOLVER_CONF_TABLES_H

#include "solver/conf/config.h"

struct section {
	const char *name; /* "" for options at the top; NULL ends the list */
	const struct option *table;
	size_t offset;    /* in struct config */
	const char *help;
};

extern const struct section config_sections[];
extern const struct option route_options[];
extern const struct option callback_options[];

/* The base of a section's own struct. */
void *section_base(const struct section *s, const struct config *c);
const struct section *section_find(const char *name);

#endif
