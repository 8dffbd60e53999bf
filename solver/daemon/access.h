/* What the engine asks of the front doors: what the client of a challenge may have. Until the API stands, and where there is none, the
 * store says so. */
#ifndef SOLVER_DAEMON_ACCESS_H
#define SOLVER_DAEMON_ACCESS_H

#include "solver/api/api.h"

struct access;

/* Clients and accounts as the store holds them now. `config` is borrowed. Gives *ret (free with access_free). */
int access_open(struct store *s, const struct config *config, struct access **ret, struct err *err);
void access_reconfigure(struct access *a, const struct config *config); /* borrowed, in place of the one before; NULL is allowed for `a` */
void access_free(struct access *a); /* NULL is allowed */
/* From now on the API is asked, which hears of every change; NULL: it ends, and nobody may have anything any more. */
void access_follow(struct access *a, struct api *api);
/* For engine_open(). */
struct engine_access access_hooks(struct access *a);

#endif
