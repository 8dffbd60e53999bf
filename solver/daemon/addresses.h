/* "80" in a listen option means every address, IPv4 and (where the machine has it) IPv6. */
#ifndef SOLVER_DAEMON_ADDRESSES_H
#define SOLVER_DAEMON_ADDRESSES_H

/* NULL-ended list of "address:port"; gives (free with addresses_freep). `listen` may be NULL. */
char **addresses_expand(char *const *listen);
void addresses_freep(char ***list); /* for CLEANUP */

#endif
