#include "solver/nameserver/nameserver.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/base/limit.h"
#include "solver/base/mem.h"
#include "solver/nameserver/bound.h"

#define CONNECTIONS 512

/* What a reload replaces. */
struct face {
	struct zones *zones;
	struct networks *exempt;
	struct bound **bound;
	size_t bound_count;
};

struct nameserver {
	struct face face;
	struct worker *workers;
	unsigned worker_count;
};

struct nameserver_change {
	struct nameserver *ns;
	struct face face; /* the addresses that stay are those of the name server */
	unsigned rate_limit, rate_limit_slip;
};

static void face_done(struct face *f)
{
	zones_free(f->zones);
	networks_free(f->exempt);
	free(f->bound);
}

/* ---- a change ---- */

static int read_exempt(struct face *f, const struct nameserver_options *o, struct err *err)
{
	f->exempt = networks_new();
	for (const char *const *text = o->rate_limit_exempt; text && *text; text++)
		if (networks_add(f->exempt, *text, err) < 0)
			return err_in(err, "dns.rate-limit-exempt");
	return 0;
}

static struct bound *bound_of(const struct face *f, const char *listen)
{
	for (size_t i = 0; i < f->bound_count; i++)
		if (strcmp(f->bound[i]->asked, listen) == 0)
			return f->bound[i];
	return NULL;
}

static void mark_kept(struct face *f, const struct nameserver_options *o)
{
	for (size_t i = 0; i < f->bound_count; i++)
		f->bound[i]->keep = false;
	for (const char *const *listen = o->listen; listen && *listen; listen++) {
		struct bound *b = bound_of(f, *listen);

		if (b)
			b->keep = true;
	}
}

static int bind_addresses(struct nameserver_change *c, const struct nameserver_options *o, struct err *err)
{
	struct nameserver *ns = c->ns;
	struct face *f = &c->face;
	size_t count = 0;

	while (o->listen && o->listen[count])
		count++;
	f->bound = mem_new(count + 1, sizeof(*f->bound));
	mark_kept(&ns->face, o);
	for (size_t i = 0; i < count; i++, f->bound_count++) {
		if (bound_of(f, o->listen[i]) && bound_of(&ns->face, o->listen[i]))
			return err_set(err, ERR_EXISTS, "dns.listen: %s stands there twice", o->listen[i]);
		f->bound[i] = bound_of(&ns->face, o->listen[i]);
		if (!f->bound[i] && bound_open(o->listen[i], ns->workers, ns->worker_count, ns->face.bound, ns->face.bound_count, &f->bound[i], err) < 0)
			return err->code;
	}
	return 0;
}

int nameserver_prepare(struct nameserver *ns, const struct nameserver_options *options, struct nameserver_change **ret, struct err *err)
{
	struct nameserver_change *c = mem_new(1, sizeof(*c));

	*c = (struct nameserver_change){ .ns = ns, .rate_limit = options->rate_limit, .rate_limit_slip = options->rate_limit_slip };
	if (zones_new(options, ns->face.zones, &c->face.zones, err) < 0 || read_exempt(&c->face, options, err) < 0 || bind_addresses(c, options, err) < 0) {
		nameserver_abort(c);
		return err->code;
	}
	*ret = c;
	return 0;
}

static bool is_old(const struct nameserver_change *c, const struct bound *b)
{
	for (size_t i = 0; i < c->ns->face.bound_count; i++)
		if (c->ns->face.bound[i] == b)
			return true;
	return false;
}

void nameserver_abort(struct nameserver_change *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->face.bound_count; i++)
		if (!is_old(c, c->face.bound[i]))
			bound_abandon(c->face.bound[i], c->ns->workers, c->ns->worker_count);
	face_done(&c->face);
	free(c);
}

static void hand_over(const struct nameserver_change *c, unsigned at)
{
	const struct rate_options rate = { .per_second = c->rate_limit, .slip = c->rate_limit_slip, .exempt = c->face.exempt };
	struct worker_change change = { .zones = c->face.zones, .rate = rate_limit_new(&rate) };

	for (size_t i = 0; i < c->face.bound_count; i++)
		if (!is_old(c, c->face.bound[i])) {
			LL_APPEND(change.opened, c->face.bound[i]->listeners[2 * at]);
			LL_APPEND(change.opened, c->face.bound[i]->listeners[2 * at + 1]);
		}
	worker_take(&c->ns->workers[at], &change);
}

void nameserver_commit(struct nameserver_change *c)
{
	struct nameserver *ns = c->ns;
	struct face *old = &ns->face;

	for (size_t i = 0; i < old->bound_count; i++)
		if (!old->bound[i]->keep)
			bound_close(old->bound[i], ns->worker_count);
	for (unsigned i = 0; i < ns->worker_count; i++)
		hand_over(c, i);
	for (size_t i = 0; i < old->bound_count; i++)
		if (!old->bound[i]->keep)
			bound_free(old->bound[i]);
	face_done(old);
	*old = c->face;
	free(c);
}

/* ---- life ---- */

static int start(struct nameserver *ns, const struct nameserver_options *o, struct answers *a, struct err *err)
{
	struct nameserver_change *c;

	ns->worker_count = o->workers == 0 ? 1 : o->workers > WORKERS_MAX ? WORKERS_MAX : o->workers;
	ns->workers = mem_new(ns->worker_count, sizeof(*ns->workers));
	for (unsigned i = 0; i < ns->worker_count; i++)
		if (worker_start(&ns->workers[i], a, limit_fit(CONNECTIONS, LIMIT_SHARE_DNS, "dns.listen over TCP") / ns->worker_count + 1, err) < 0)
			return err->code;
	if (nameserver_prepare(ns, o, &c, err) < 0)
		return err->code;
	nameserver_commit(c);
	return 0;
}

int nameserver_start(const struct nameserver_options *options, struct answers *a, struct nameserver **ret, struct err *err)
{
	struct nameserver *ns = mem_new(1, sizeof(*ns));
	struct err scratch;

	if (!err)
		err = &scratch;
	if (start(ns, options, a, err) < 0) {
		nameserver_stop(ns);
		return err->code;
	}
	*ret = ns;
	return 0;
}

void nameserver_stop(struct nameserver *ns)
{
	if (!ns)
		return;
	for (unsigned i = 0; i < ns->worker_count; i++)
		worker_stop(&ns->workers[i]);
	for (size_t i = 0; i < ns->face.bound_count; i++)
		bound_free(ns->face.bound[i]);
	face_done(&ns->face);
	free(ns->workers);
	free(ns);
}

const char *nameserver_bound(const struct nameserver *ns, size_t index)
{
	return index < ns->face.bound_count ? ns->face.bound[index]->text : NULL;
}
