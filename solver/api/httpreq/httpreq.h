/* lego's httpreq and acmeproxy: POST /present, POST /cleanup, behind any prefix. */
#ifndef SOLVER_API_HTTPREQ_H
#define SOLVER_API_HTTPREQ_H

#include "solver/api/common/internal.h"

void httpreq_present(struct api *a, struct http_exchange *x);
void httpreq_cleanup(struct api *a, struct http_exchange *x);

#endif
