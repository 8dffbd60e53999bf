/* What the files of this folder share. */
#ifndef SOLVER_API_SERVER_H
#define SOLVER_API_SERVER_H

#include "solver/api/common/internal.h"

typedef void (*route_fn)(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);

/* ---- listeners.c ---- */
int listeners_open(struct api *a, struct err *err);
void listeners_reconfigure(struct api *a);
void listeners_close(struct api *a);

/* routes.c: the handler of the HTTP server; `arg` is the api. */
void api_handle(struct http_exchange *x, void *arg);
bool api_knows(struct http_exchange *x, void *arg); /* its `knows` */

#endif
