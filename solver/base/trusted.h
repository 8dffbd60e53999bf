/* Whether a folder's content is the work of its owner alone: what others may write there, they may also exchange, and links in a path
 * that others may change lead elsewhere tomorrow. */
#ifndef SOLVER_BASE_TRUSTED_H
#define SOLVER_BASE_TRUSTED_H

#include <stdbool.h>
#include <sys/types.h>

#include "solver/base/err.h"

/* Refuses (ERR_DENIED, with what to do) a folder that its group or others may write (but for one of root's that is written by a group of this process), that belongs to somebody who is neither `owner` nor
 * root, or that lies below a folder in which anybody may rename things (world-writable without the sticky bit). `any_owner`: whoever
 * owns it, as root may look into the folders of all. What is not there yet is judged by the folders above it. */
int trusted_folder(const char *path, uid_t owner, bool any_owner, struct err *err);

#endif
