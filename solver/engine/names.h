/* The challenges of one identifier, whoever asked: a list by domain touches no other. Private to the engine. */
#ifndef SOLVER_ENGINE_NAMES_H
#define SOLVER_ENGINE_NAMES_H

struct engine;
struct entry;

void names_add(struct engine *e, struct entry *n);
void names_forget(struct engine *e, struct entry *n);
/* The newest challenge of the identifier, or NULL; and the one before another. */
struct entry *names_newest(struct engine *e, const char *identifier);
struct entry *names_older(const struct entry *n);

#endif
