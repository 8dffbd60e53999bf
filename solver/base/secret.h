/* Text that must not leak: wiped when freed, locked in memory, left out of core dumps, and printed as "***". It comes from a file,
 * the environment or a systemd credential; it never goes into a log, an argv or an error. */
#ifndef SOLVER_BASE_SECRET_H
#define SOLVER_BASE_SECRET_H

struct secret; /* opaque, so that no printf reaches the bytes by accident */

struct secret *secret_new(const char *text); /* gives (free with secret_free); NULL for NULL */
void secret_free(struct secret *s);          /* wipes; NULL is allowed */
/* The bytes, for the one call that needs them. Borrowed. "" for NULL. */
const char *secret_reveal(const struct secret *s);

#endif
