/* "path=value" from the command line, put into the tree before it is read, so that both are checked alike. */
#ifndef SOLVER_CONF_OVERRIDE_H
#define SOLVER_CONF_OVERRIDE_H

#include "solver/conf/yaml.h"

/* Errors begin with "--set PATH"; they show no value, which may be a secret. */
int override_apply(struct yaml_node *root, const char *override, struct err *err);

#endif
