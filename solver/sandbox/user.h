/* The unprivileged user that a start as root changes to. */
#ifndef SOLVER_SANDBOX_USER_H
#define SOLVER_SANDBOX_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "solver/base/err.h"

#define USER_NAME_SIZE 65
#define USER_UNLISTED 65053 /* of a service for which nobody made a user; as in deploy/container */

struct user {
	char name[USER_NAME_SIZE]; /* as it was found; of a number without an entry: the number */
	uid_t uid;
	gid_t gid;
	bool listed;               /* it has an entry, and so supplementary groups */
};

/* A name, or a number (which need not have an entry: the group has the same number then). ERR_NOT_FOUND. */
int user_find(const char *text, struct user *ret, struct err *err);
/* Real, effective and saved user and group, with the groups of its entry or none. For good: of a process of root, before it has threads.
 * Capabilities stay permitted until capabilities_reduce(). */
int user_become(const struct user *u, struct err *err);

#endif
