/* Who only monitors an enrollment does not write to it. Private to cps.
 *
 * Where cps.classes are configured, what writes to an enrollment whose class is not managed is refused, unless it is forced. The class is that of
 * the inventory; where there is none (one command, no service) the enrollment is read first. */
#ifndef SOLVER_CPS_GATE_H
#define SOLVER_CPS_GATE_H

#include "solver/cps/errand.h"

/* ERR_DENIED, with the sentence, when what is known of it says no. 0 too where nothing is known of it. */
int gate_check(const struct cps *c, const char *account, int64_t enrollment, struct err *err);
/* Starts the errand (e->start), now or when its enrollment was read. */
int gate_start(struct errand *e, struct err *err);

#endif
