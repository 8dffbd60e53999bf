/* What the files of dcvd audit share. */
#ifndef SOLVER_CLI_AUDIT_H
#define SOLVER_CLI_AUDIT_H

#include <stdint.h>

#include "solver/cli/cli.h"

struct store_audit;
typedef int (*audit_entry_fn)(const struct store_audit *entry, void *arg); /* an exit status; not 0 ends the reading */

/* Entries behind `after` (0: all, also those that somebody moved before the first); the newest `only` of them when that is not 0. From the service, or from its state folder while it does not run. */
int audit_read_entries(const struct cli_service *s, int64_t after, int64_t only, audit_entry_fn each, void *arg);
/* The same of the journal in a folder, whether a service uses it or not. */
int audit_read_folder(const char *folder, audit_entry_fn each, void *arg);

int audit_verify(int argc, char **argv); /* audit_verify.c */

#endif
