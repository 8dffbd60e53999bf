/* How a configuration that was read differs from the one that runs. */
#ifndef SOLVER_CONF_DIFFERENCES_H
#define SOLVER_CONF_DIFFERENCES_H

#include "solver/conf/config.h"

struct config_difference {
	char *option;         /* "api.listen", "routes[0].suffix", "providers.corp.server" */
	char *file, *running; /* YAML flow, secrets as "***"; NULL: it is not there */
	bool start;           /* read at the start only: a restart is needed */
	struct config_difference *next;
};

/* Secrets are compared too. Touches nothing but both, from any thread. Gives *ret (free with config_differences_free); NULL: there is none. */
int config_differences(const struct config *file, const struct config *running, struct config_difference **ret, struct err *err);
void config_differences_free(struct config_difference *list);

#endif
