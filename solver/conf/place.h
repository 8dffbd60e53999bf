/* Where the keys of a configuration stand in its file, for mistakes that only a part of the program can find. */
#ifndef SOLVER_CONF_PLACE_H
#define SOLVER_CONF_PLACE_H

#include "solver/conf/config.h"
#include "solver/conf/yaml.h"

/* All keys of the tree, with the path that messages use; gives (free with places_free). */
struct config_place *places_read(const struct yaml_node *root);
void places_free(struct config_place *places);

#endif
