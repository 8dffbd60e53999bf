/* Small secrets that this service makes itself, as files of the state folder (0600). */
#ifndef SOLVER_API_STATE_FILE_H
#define SOLVER_API_STATE_FILE_H

#include "solver/base/err.h"

/* Complete, forced to disk, or absent: a command that runs at the same instant must not read half of it. Replaces what is there. */
int state_file_write(const char *folder, const char *name, const char *text, struct err *err);
/* Gives *ret (wipe, and free with free). ERR_NOT_FOUND: there is none. */
int state_file_read(const char *folder, const char *name, char **ret, struct err *err);

#endif
