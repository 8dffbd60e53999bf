#include "solver/daemon/recursion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#include "solver/base/mem.h"
#include "solver/verdict/network/address.h"
#include "solver/verdict/judge.h"

#define HINTS_LINE_MAX 1024
#define SERVERS_MAX 64
#define SOURCE_MAX (256 * 1024)
#define SWEEP_MS 1000

static bool has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

struct texts {
	char **list; /* NULL-ended */
	size_t count;
};

static void add_text(const char *text, void *arg)
{
	struct texts *t = arg;

	t->list = mem_resize(t->list, t->count + 2, sizeof(*t->list));
	t->list[t->count++] = mem_dup(text);
	t->list[t->count] = NULL;
}

static void texts_done(struct texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->list[i]);
	free(t->list);
}

/* "zone address[@port]" */
static void add_stub(const char *stub, struct texts *ret)
{
	const char *space = strrchr(stub, ' ');
	CLEANUP(mem_freep) char *address = space ? mem_dup_n(space + 1, strcspn(space + 1, "@")) : NULL;

	if (address)
		add_text(address, ret);
}

/* A hints file is a zone file: every word that reads as an address is the address of a root server. */
static void add_roots(const char *path, struct texts *ret)
{
	FILE *file = fopen(path, "re");
	char line[HINTS_LINE_MAX], canonical[64], *rest;

	while (file && fgets(line, sizeof(line), file)) {
		rest = line;
		for (char *word = strsep(&rest, " \t\r\n"); word; word = strsep(&rest, " \t\r\n"))
			if (ret->count < SERVERS_MAX && address_canonical(word, canonical))
				add_text(canonical, ret);
	}
	if (file)
		fclose(file);
}

/* The servers that the configuration itself sends the recursion to. */
static struct texts configured(const struct config_check *c)
{
	struct texts t = { 0 };

	for (size_t i = 0; c->stub_zones && c->stub_zones[i]; i++)
		add_stub(c->stub_zones[i], &t);
	if (c->root_hints)
		add_roots(c->root_hints, &t);
	return t;
}

static int recursor_open(struct loop *l, const struct config *config, struct recursor **ret, struct err *err)
{
	const struct config_check *c = &config->check;
	struct texts servers = configured(c), avoid = { 0 };
	/* A root of one's own, a stub or an allowed network may well be on this host. */
	struct recursor_options options = {
		.root_hints = c->root_hints, .trust_anchor = c->trust_anchor, .stub_zones = (const char *const *)c->stub_zones,
		.localhost = c->root_hints || (c->stub_zones && c->stub_zones[0]) || (c->allow_addresses && c->allow_addresses[0]),
		.ipv6 = has_ipv6(),
	};
	int code;

	address_allow((const char *const *)c->allow_addresses);
	address_each_reserved((const char *const *)servers.list, add_text, &avoid);
	options.avoid = (const char *const *)avoid.list;
	code = recursor_new(l, &options, ret, err);
	texts_done(&servers);
	texts_done(&avoid);
	return code;
}

int recursion_check(struct loop *l, const struct config *config, struct err *err)
{
	struct recursor *recursor = NULL;

	if (recursor_open(l, config, &recursor, err) < 0)
		return err->code;
	recursor_free(recursor);
	return 0;
}

/* ---- over reloads ---- */

struct retired {
	struct recursor *recursor;
	struct retired *next;
};

struct recursion {
	struct loop *loop;
	struct recursor *recursor; /* kept when it is turned off, for the checks that began with it; or NULL */
	char *source;              /* what it was made of */
	struct retired *retired;
	struct timer *sweep;       /* while there are retired ones */
};

struct recursion_change {
	struct recursion *r;
	struct recursor *recursor; /* NULL: that of before stays */
	char *source;
};

static void add_list(char *const *list, struct buf *out)
{
	for (; list && *list; list++)
		buf_printf(out, " %s", *list);
	buf_add_char(out, '\n');
}

static void add_file(const char *file, struct buf *out)
{
	struct stat st;

	if (!file || stat(file, &st) < 0)
		buf_printf(out, "%s\n", file ? file : "");
	else
		buf_printf(out, "%s %ju %jd %jd.%09ld\n", file, (uintmax_t)st.st_ino, (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* Another text where a recursor would be another; gives (free with free). */
static char *source_of(const struct config_check *c)
{
	struct buf text = BUF_INIT(SOURCE_MAX);

	add_list(c->stub_zones, &text);
	add_list(c->allow_addresses, &text);
	add_file(c->root_hints, &text);
	add_file(c->trust_anchor, &text);
	return buf_take(&text);
}

int recursion_open(struct loop *l, const struct config *config, struct recursion **ret, struct err *err)
{
	struct recursion *r = mem_new(1, sizeof(*r));
	struct recursion_change *c;

	r->loop = l;
	if (recursion_prepare(r, config, &c, err) < 0) {
		free(r);
		return err->code;
	}
	recursion_commit(c);
	*ret = r;
	return 0;
}

static void retired_free(struct recursion *r, struct retired *one)
{
	LL_DELETE(r->retired, one);
	recursor_free(one->recursor);
	free(one);
}

void recursion_close(struct recursion *r)
{
	if (!r)
		return;
	timer_stop(r->sweep);
	while (r->retired)
		retired_free(r, r->retired);
	recursor_free(r->recursor);
	free(r->source);
	free(r);
}

struct recursor *recursion_now(const struct recursion *r)
{
	return r->recursor;
}

static void sweep(struct recursion *r)
{
	struct retired *one, *next;

	LL_FOREACH_SAFE(r->retired, one, next)
		if (recursor_is_idle(one->recursor))
			retired_free(r, one);
}

static void on_sweep(void *arg)
{
	struct recursion *r = arg;

	sweep(r);
	r->sweep = r->retired ? timer_start(r->loop, SWEEP_MS, on_sweep, r) : NULL;
}

static void retire(struct recursion *r, struct recursor *recursor)
{
	struct retired *one = mem_new(1, sizeof(*one));

	sweep(r);
	one->recursor = recursor;
	LL_PREPEND(r->retired, one);
	if (!r->sweep)
		r->sweep = timer_start(r->loop, SWEEP_MS, on_sweep, r);
}

int recursion_prepare(struct recursion *r, const struct config *fresh, struct recursion_change **ret, struct err *err)
{
	struct recursion_change *c = mem_new(1, sizeof(*c));

	*c = (struct recursion_change){ .r = r, .source = source_of(&fresh->check) };
	if (fresh->check.authority_view && (!r->recursor || strcmp(c->source, r->source) != 0) && recursor_open(r->loop, fresh, &c->recursor, err) < 0) {
		recursion_abort(c);
		return err->code;
	}
	*ret = c;
	return 0;
}

void recursion_commit(struct recursion_change *c)
{
	struct recursion *r = c->r;

	if (c->recursor) {
		if (r->recursor)
			retire(r, r->recursor);
		r->recursor = c->recursor;
		mem_replace(&r->source, c->source);
		c->recursor = NULL;
	}
	recursion_abort(c);
}

void recursion_abort(struct recursion_change *c)
{
	if (!c)
		return;
	recursor_free(c->recursor);
	free(c->source);
	free(c);
}
