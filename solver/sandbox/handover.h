/* The state folder of a service that was started as root belongs to the user that it changes to. */
#ifndef SOLVER_SANDBOX_HANDOVER_H
#define SOLVER_SANDBOX_HANDOVER_H

#include "solver/sandbox/user.h"

/* An earlier start gave the folder to USER_UNLISTED. */
bool handover_was_given(const char *path);
/* Makes the folder (0700) when it is not there, and gives it and the files that dcvd makes in it to `u`. Refused (ERR_DENIED, ERR_INVALID): a folder that
 * trusted_folder() refuses for root, `u` and USER_UNLISTED; a folder of root that holds anything else, which may be a folder of the system; and a file of
 * root with more names than one, which may be a file of the system. Links in it are not followed; what is no file is left alone. */
int handover_folder(const char *path, const struct user *u, struct err *err);

#endif
