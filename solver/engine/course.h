/* The course of the wall clock, over restarts within one boot: a clock that has held since an earlier process is trusted at once.
 * Private to the engine. */
#ifndef SOLVER_ENGINE_COURSE_H
#define SOLVER_ENGINE_COURSE_H

struct engine;

void course_load(struct engine *e); /* before anything is resumed */
void course_keep(struct engine *e);

#endif
