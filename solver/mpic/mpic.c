#include "solver/mpic/mpic.h"

#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/mpic/internal.h"

/* Without others to ask nothing is started; what was started before a reload can be cancelled all the same. */
static void attach(struct mpic *m)
{
	const struct check_others others = { mpic_has_others(m) ? mpic_corroborate : NULL, mpic_corroborate_cancel, m };

	checker_corroborate(m->parts.checker, &others);
}

int mpic_open(const struct mpic_parts *parts, struct mpic **ret, struct err *err)
{
	struct mpic *m = mem_new(1, sizeof(*m));

	m->parts = *parts;
	if (peers_read(&parts->config->perspectives, &m->peers, err) < 0) {
		free(m);
		return err->code;
	}
	attach(m);
	*ret = m;
	return 0;
}

void mpic_stop(struct mpic *m)
{
	if (!m)
		return;
	checker_corroborate(m->parts.checker, NULL);
	remote_checks_cancel(m);
	corroborations_cancel(m);
	rounds_cancel(m);
}

void mpic_close(struct mpic *m)
{
	if (!m)
		return;
	rounds_free(m);
	coordinations_free(m);
	corroborations_free(m);
	peers_release(m->peers);
	free(m);
}

int mpic_reconfigure(struct mpic *m, const struct config *config, struct err *err)
{
	struct peers *peers;

	if (peers_read(&config->perspectives, &peers, err) < 0)
		return err->code;
	peers_release(m->peers);
	m->peers = peers;
	m->parts.config = config;
	attach(m);
	return 0;
}
