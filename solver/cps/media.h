/* Media types of CPS by path, for requests made by hand. Pure. */
#ifndef SOLVER_CPS_MEDIA_H
#define SOLVER_CPS_MEDIA_H

/* As cps_request wants them ("enrollments.v11"); "application/json" for a path that is not known. */
const char *cps_media_accept(const char *method, const char *path);
const char *cps_media_content(const char *path);

#endif
