/* What the files of this folder share. */
#ifndef SOLVER_API_SERVER_H
#define SOLVER_API_SERVER_H

#include "solver/api/common/internal.h"
#include "solver/net/http_listeners.h"

typedef void (*route_fn)(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);

/* ---- listeners.c ---- */
struct http_listeners *listeners_new(struct api *a);
int listeners_prepare(struct api *a, const struct config *config, struct http_listeners_change **ret, struct err *err);

/* routes.c: the handler of the HTTP server; `arg` is the api. */
void api_handle(struct http_exchange *x, void *arg);
bool api_knows(struct http_exchange *x, void *arg); /* its `knows` */

#endif
