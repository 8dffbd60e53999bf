/* Routes: which challenge types and which provider serve a name. */
#ifndef SOLVER_CONF_ROUTE_H
#define SOLVER_CONF_ROUTE_H

#include "solver/conf/config.h"
#include "solver/conf/yaml.h"

/* After the providers, which routes name. `list` may be NULL. */
int routes_read(struct config *c, const struct yaml_node *list, struct option_notes *notes, struct err *err);
void routes_free(struct config *c);

#endif
