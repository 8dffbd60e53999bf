/* The state folder of a service that was started as root belongs to the user that it changes to. */
#ifndef SOLVER_SANDBOX_HANDOVER_H
#define SOLVER_SANDBOX_HANDOVER_H

#include "solver/sandbox/user.h"

/* An earlier start gave the folder to USER_UNLISTED. */
bool handover_was_given(const char *path);
/* Makes the folder (0700) when it is not there, and gives it and the files in it to `u`. Refused (ERR_DENIED, ERR_INVALID): a folder that others may
 * write or that belongs to another user than root, `u` and USER_UNLISTED, and a file of root with more names than one, which may be a file of the system. Links
 * are not followed; what is no file is left alone. */
int handover_folder(const char *path, const struct user *u, struct err *err);

#endif
