/* Callbacks: the secrets that sign them, and which URLs may be called with which secret, on behalf of whom. */
#ifndef SOLVER_CONF_CALLBACK_H
#define SOLVER_CONF_CALLBACK_H

#include "solver/conf/config.h"
#include "solver/conf/yaml.h"

/* `root` is the whole file: callback-secrets and callbacks. */
int callbacks_read(struct config *c, const struct yaml_node *root, struct option_notes *notes, struct err *err);
void callbacks_free_all(struct config *c);

#endif
