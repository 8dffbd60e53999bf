/* Versions of the media types of CPS. Pure. */
#ifndef SOLVER_AKAMAI_MEDIA_H
#define SOLVER_AKAMAI_MEDIA_H

/* The newest versions are asked for first, and the one before where CPS does not know them yet. */
#define AKAMAI_MEDIA_PAIRS 5
/* Which pair a type such as "enrollment.v12" is the newer one of; -1: it has no older one. */
int akamai_media_pair(const char *media);
const char *akamai_media_older(int pair);

#endif
