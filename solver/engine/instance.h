/* Opened providers. The newest stand first; old ones stay until the last job that uses them is over. Private to the engine.
 *
 * After a reload the old instance of a provider stays as long as a record stands at its site, until a newer one has proved that it
 * works there (for a record that was written with a key of its own: with that key), for the newer one may have a wrong key. After a
 * restart that knows only another site, the record is said to stand where it stands.
 */
#ifndef SOLVER_ENGINE_INSTANCE_H
#define SOLVER_ENGINE_INSTANCE_H

#include "providers/provider.h"
#include "solver/conf/config.h"
#include "solver/engine/poll.h"

struct engine;
struct entry;

struct instance {
	char *name;                      /* in the configuration */
	char *site;                      /* where it writes: site.h */
	const struct provider_api *api;
	struct provider *provider;
	struct config *config;           /* held: the provider may look at its options there */
	unsigned jobs;
	bool retired;                    /* the configuration has a newer one, or none */
	bool works;                      /* it changed something, or saw that nothing was left to change */
	char *handle;                    /* of the last value it wrote: rfc2136 names its key there; or NULL */
	int64_t blocked_until_ms;        /* rate limited: loop clock */
	char *blocked_for;               /* its sentence about that, or NULL */
	struct delays delays;            /* from its answer until every server shows the value */
	int64_t delays_kept_ms;          /* written to the journal: loop clock */
	bool delays_changed;             /* since then */
	struct instance *next;
};

/* The one of the configuration, or NULL. */
struct instance *instance_find(struct engine *e, const char *name);
/* The one to withdraw through next, or NULL: the configuration leads there no more. */
struct instance *instance_for_withdrawal(struct engine *e, const struct entry *n);
/* The configuration leads to the last site of the challenge. */
bool instance_is_configured(struct engine *e, const struct entry *n);
/* Opens those of a configuration; the earlier ones are retired. After an error all is as before. */
int instances_open(struct engine *e, const struct config *config, struct err *err);
void instances_close(struct engine *e);
/* A job of it is over. */
void instance_unuse(struct engine *e, struct instance *i);

#endif
