/* The other way to publish HTTP-01: token files in the document root of a web server that runs already.
 *
 * <folder>/.well-known/acme-challenge/<token> appears as a whole or not at all, readable by all. The token's
 * whitelist keeps every file inside the folder; a symbolic link in the place of the file is replaced, never
 * followed. (Links on the way there are followed: document roots are often links.) Errors name the path. */
#ifndef WEBROOT_FOLDER_H
#define WEBROOT_FOLDER_H

#include "solver/base/err.h"

/* Writing the same twice succeeds; another content of ours or of a stranger is replaced. */
int folder_write(const char *folder, const char *token, const char *body, struct err *err);
/* Removes the file if it holds exactly `body`; a file that is absent or holds something else is left alone, which is success. */
int folder_remove(const char *folder, const char *token, const char *body, struct err *err);

#endif
