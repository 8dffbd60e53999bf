/* What `dcvd check` prints. */
#ifndef SOLVER_CLI_CHECK_REPORT_H
#define SOLVER_CLI_CHECK_REPORT_H

#include "solver/verdict/judge.h"

/* Verdict and fixes first, then the evidence; `brief`: only the former. Colours on a terminal only. */
void report_print(const struct evidence *e, const struct verdict *v, bool brief);
const char *report_result(enum verdict_result result); /* "PASS" */

#endif
