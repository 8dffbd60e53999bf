/* The stage CAA (RFC 8659). */
#ifndef SOLVER_VERDICT_CAA_H
#define SOLVER_VERDICT_CAA_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"
#include "solver/verdict/data/verdict.h"

void judge_caa(const struct evidence *e, const struct authority *a, struct verdict *v);

#endif
