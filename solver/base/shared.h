/* Texts that many objects have in common (a client, a zone, a provider), each kept once. From any thread. */
#ifndef SOLVER_BASE_SHARED_H
#define SOLVER_BASE_SHARED_H

/* The one copy of this text, with one holder more; NULL stays NULL. Gives (drop with shared_drop). */
const char *shared_text(const char *text);
/* One holder less; the last one frees it. NULL is allowed. */
void shared_drop(const char *shared);
/* Drops *slot and holds `text` (or NULL) there. `text` may point into *slot. */
void shared_replace(const char **slot, const char *text);

#endif
