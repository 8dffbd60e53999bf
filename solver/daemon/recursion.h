/* The authority's view of DNS as the configuration has it. */
#ifndef SOLVER_DAEMON_RECURSION_H
#define SOLVER_DAEMON_RECURSION_H

#include "solver/conf/config.h"
#include "solver/net/recursor.h"

/* *ret is NULL where check.authority-view is off. */
int recursion_open(struct loop *l, const struct config *config, struct recursor **ret, struct err *err);

#endif
