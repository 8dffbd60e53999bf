/* What stands below cps: beside its plain options: accounts, classes, policies, profiles and defaults of enrollments. */
#ifndef SOLVER_CONF_CPS_H
#define SOLVER_CONF_CPS_H

#include "solver/conf/config.h"
#include "solver/conf/option.h"
#include "solver/conf/yaml.h"

struct buf;

/* Keys below cps: that are no plain options; NULL-ended. */
extern const char *const cps_keys[];
/* `map` is the section, or NULL. */
int cps_read(struct config *c, const struct yaml_node *map, struct option_notes *notes, struct err *err);
void cps_free(struct config *c);
void cps_dump(const struct config *c, struct buf *out);
void cps_example(struct buf *out);

#endif
