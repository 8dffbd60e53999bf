/* Where a secret comes from: a file, the environment, a systemd credential, or the text itself. */
#ifndef SOLVER_CONF_SOURCE_H
#define SOLVER_CONF_SOURCE_H

#include <stdbool.h>

#include "solver/base/err.h"
#include "solver/base/secret.h"
#include "solver/conf/yaml.h"

#define SOURCE_MAX_BYTES (64 * 1024)

/* Gives *ret (free with secret_free). `*ret_inline` says that it stood in the configuration itself.
 * No sentence ever holds a part of a secret. */
int source_read(const struct yaml_node *value, const char *path, struct secret **ret, bool *ret_inline, struct err *err);
/* What is wrong with a file of secrets that everybody on this host can read, in a sentence; NULL: they cannot, or it is not there. Gives (free with free). */
char *source_open_to_all(const char *file);
/* The file of a systemd credential, where a path may be written as {credential: NAME}. Gives *ret (free with free). */
int source_path(const struct yaml_node *map, const char *path, char **ret, struct err *err);
/* "~/" replaced by the home folder; gives (free with free). */
char *source_expand(const char *path);

#endif
