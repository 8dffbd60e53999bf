#include "solver/daemon/recursion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "solver/base/mem.h"
#include "solver/verdict/network/address.h"
#include "solver/verdict/judge.h"

#define HINTS_LINE_MAX 1024
#define SERVERS_MAX 64

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

int recursion_open(struct loop *l, const struct config *config, struct recursor **ret, struct err *err)
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
	*ret = NULL;
	code = c->authority_view ? recursor_new(l, &options, ret, err) : 0;
	texts_done(&servers);
	texts_done(&avoid);
	return code;
}
