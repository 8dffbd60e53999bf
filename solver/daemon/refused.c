#include "solver/daemon/refused.h"

#include <stdint.h>

#include "solver/base/log.h"
#include "solver/daemon/parts.h"

static void log_one(const struct challenge *c, void *arg)
{
	struct err why;

	if (engine_permits(arg, c, &why) < 0)
		log_event(LOG_WARNING, "a record stands where its client may not write", "id", c->id, "client", c->client, "domain", c->identifier,
		          "fqdn", c->fqdn, "why", why.text, NULL);
}

void refused_log(struct engine *e)
{
	engine_list(e, &(struct challenge_filter){ .state = -1, .type = -1 }, NULL, SIZE_MAX, log_one, e);
}

struct reading {
	struct engine *e;
	struct buf *out;
};

static void read_one(const struct challenge *c, void *arg)
{
	struct reading *r = arg;
	struct err why;

	if (engine_permits(r->e, c, &why) < 0)
		buf_printf(r->out, "%s of %s (%s): the record that stands at %s could not be written now: %s\n", c->id, c->client, c->identifier, c->fqdn,
		           why.text);
}

void refused_read(const struct config *c, struct buf *out)
{
	struct parts parts = { 0 };
	struct reading r = { .out = out };
	struct err err = { 0 };
	int code = parts_open(&parts, c, PARTS_COPY, &err);

	r.e = parts.engine;
	if (code == 0)
		code = store_load(parts.store, &(struct store_visitor){ NULL, read_one, &r }, &err);
	if (code < 0 && code != ERR_NOT_FOUND)
		buf_printf(out, "what stands is not compared with the grants: %s\n", err.text);
	parts_close(&parts);
}
