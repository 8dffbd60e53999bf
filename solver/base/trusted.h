/* Whether a folder's content is the work of its owner alone: what others may write there, they may also exchange, and links in a path
 * that others may change lead elsewhere tomorrow. */
#ifndef SOLVER_BASE_TRUSTED_H
#define SOLVER_BASE_TRUSTED_H

#include <stdbool.h>
#include <sys/types.h>

#include "solver/base/err.h"

/* Refuses (ERR_DENIED, with what to do) a folder that its group or others may write (but for one of root's that is written by a group of this process), or that
 * belongs to somebody who is neither `owner` nor root; and any folder in which somebody else than these two may exchange what is on the way to it. Each link on
 * the way is followed, and judged as it stands: in a folder such as /tmp (world-writable, sticky) by the owner of the link. `any_owner`: one user beside root,
 * whoever it is, as root may look into the folders of all; `owner` is not looked at. What is not there yet is judged by the folders above it. */
int trusted_folder(const char *path, uid_t owner, bool any_owner, struct err *err);
/* The same, and makes the folder (0700) when it is not there. */
int trusted_make(const char *path, uid_t owner, bool any_owner, struct err *err);

#endif
