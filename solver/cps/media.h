/* Media types of CPS by path, for requests made by hand. Pure. */
#ifndef SOLVER_CPS_MEDIA_H
#define SOLVER_CPS_MEDIA_H

/* As cps_request wants them ("enrollments.v11"); "application/json" for a path that is not known. */
const char *cps_media_accept(const char *method, const char *path);
const char *cps_media_content(const char *path);

/* The newest versions are asked for first, and the one before where CPS does not know them yet. */
#define CPS_MEDIA_PAIRS 5
/* Which pair a type such as "enrollment.v12" is the newer one of; -1: it has no older one. */
int cps_media_pair(const char *media);
const char *cps_media_older(int pair);

#endif
