/* The routes of the Open MPIC API. */
#ifndef SOLVER_API_MPIC_H
#define SOLVER_API_MPIC_H

#include "solver/api/common/internal.h"

void mpic_post(struct api *a, struct http_exchange *x, const struct caller *nobody, const char *argument);
void dcv_post(struct api *a, struct http_exchange *x, const struct caller *nobody, const char *argument);
void caa_post(struct api *a, struct http_exchange *x, const struct caller *nobody, const char *argument);

#endif
