/* The store, opened directly while no service holds it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "solver/base/mem.h"
#include "solver/cli/common/common.h"
#include "solver/store/store.h"

int cli_open_store(const struct cli_service *s, bool make, struct store **ret)
{
	CLEANUP(mem_freep) char *state = NULL;
	struct err err = { 0 };

	if (s->server || getenv("DCVD_SERVER"))
		return -1;
	state = service_state(s);
	if (!state)
		return EXIT_USAGE;
	/* Without the state folder no service ran here, and this command must not create one. */
	if (!s->state && !s->config && access(state, F_OK) < 0)
		return -1;
	if (!make && store_find_sqlite(state, &err) < 0) {
		if (!s->state && !s->config)
			return -1;
		fprintf(stderr, "dcvd: %s\n", err.text);
		return EXIT_USAGE;
	}
	if (store_open_sqlite(state, NULL, ret, &err) == 0)
		return 0;
	if (err.code == ERR_BUSY || err.code == ERR_DENIED)
		return -1;
	fprintf(stderr, "dcvd: %s\n", err.text);
	return err.code == ERR_DAMAGED ? EXIT_DAMAGED : EXIT_USAGE;
}
