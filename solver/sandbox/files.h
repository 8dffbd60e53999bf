/* Where may be written (Landlock). Reading and running stay as they are: programs of the user need the whole system for it.
 *
 * The rules hold for folders as they stood at the start: what is put in the place of one later is another folder. They cannot be
 * widened: files_cover() says whether a path that was added since needs a restart. */
#ifndef SOLVER_SANDBOX_FILES_H
#define SOLVER_SANDBOX_FILES_H

#include <stdbool.h>

#include "solver/base/err.h"

struct files;

struct files *files_new(void);    /* gives (free with files_free); nothing is allowed yet */
void files_free(struct files *f); /* the rules stay; NULL is allowed */
/* The folder and all below it. On the way to a document root links are common, and are turned at each release: the folder in which the first
 * link stands is allowed too, where it is not the root. ERR_NOT_FOUND when there is no such folder. */
int files_allow(struct files *f, const char *folder, struct err *err);
/* From now on, for this thread and all that it starts. ERR_UNSUPPORTED where the kernel has no Landlock. Needs no_new_privs. */
int files_restrict(const struct files *f, struct err *err);
/* Whether what was allowed holds this folder, as links lead to it now. */
bool files_cover(const struct files *f, const char *folder);

#endif
