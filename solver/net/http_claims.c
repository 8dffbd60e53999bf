#include "solver/net/http_claims.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "solver/base/mem.h"
#include "solver/net/http_server_private.h"

struct claim {
	struct http_claims *table;
	char *owner;
	unsigned count;
	UT_hash_handle hh;
};

struct http_claims {
	struct claim *claims;
};

struct http_claims *http_claims_new(void)
{
	return mem_new(1, sizeof(struct http_claims));
}

void http_claims_free(struct http_claims *t)
{
	free(t);
}

static struct claim *claim_of(struct http_claims *t, const char *owner)
{
	struct claim *c;

	HASH_FIND_STR(t->claims, owner, c);
	if (c)
		return c;
	c = mem_new(1, sizeof(*c));
	c->table = t;
	c->owner = mem_dup(owner);
	HASH_ADD_KEYPTR(hh, t->claims, c->owner, strlen(c->owner), c);
	return c;
}

int http_exchange_claim(struct http_exchange *x, struct http_claims *t, const char *owner, unsigned max)
{
	struct claim *c;

	if (x->claim)
		return 0;
	c = claim_of(t, owner);
	if (c->count >= max)
		return ERR_BUSY;
	c->count++;
	x->claim = c;
	return 0;
}

void claim_release(struct claim *c)
{
	if (!c || --c->count > 0)
		return;
	HASH_DEL(c->table->claims, c);
	free(c->owner);
	free(c);
}
