/* The providers of a configuration: named instances, each with the options of its type. */
#ifndef SOLVER_CONF_PROVIDER_H
#define SOLVER_CONF_PROVIDER_H

#include "solver/conf/config.h"
#include "solver/conf/yaml.h"

#define PROVIDER_EMBEDDED "embedded" /* exists always */

/* `map` may be NULL. What was read stays in *c also after an error. */
int providers_read(struct config *c, const struct yaml_node *map, config_provider_table_fn tables,
                   struct option_notes *notes, struct err *err);
void providers_free(struct config *c);

#endif
