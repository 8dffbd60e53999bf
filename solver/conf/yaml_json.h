/* A YAML tree as JSON text: plain scalars that look like a number, true, false or null are that, everything else is text. Pure. */
#ifndef SOLVER_CONF_YAML_JSON_H
#define SOLVER_CONF_YAML_JSON_H

#include "solver/base/buf.h"
#include "solver/conf/yaml.h"

void yaml_to_json(const struct yaml_node *node, struct buf *out);

#endif
