/* Runs one job of a provider: carries out what step() wants and hands the answer to the next step(). Private to the engine. */
#ifndef SOLVER_ENGINE_JOB_H
#define SOLVER_ENGINE_JOB_H

#include "providers/provider.h"

struct engine;
struct instance;
struct job_run;

/* Runs one job to its end; `done` comes once, from the loop. The job must live until then. */
struct job_run *job_start(struct engine *e, struct instance *i, struct job *job,
                          void (*done)(struct job *job, const struct err *err, void *arg), void *arg);
/* `done` comes no more, and the job is not used any more. */
void job_cancel(struct job_run *r);

#endif
