/* The option tables of the providers that are built in, as conf/ asks for them. */
#ifndef SOLVER_DAEMON_SCHEMA_H
#define SOLVER_DAEMON_SCHEMA_H

#include "solver/conf/option.h"

const struct option *schema_provider_table(const char *type, size_t *ret_size);

#endif
