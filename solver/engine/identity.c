#include "solver/engine/identity.h"

#include <string.h>

#include "solver/base/hash.h"
#include "solver/base/index.h"

static const char *secret_of(const struct challenge *c)
{
	return c->type == CHALLENGE_HTTP01 ? c->token : c->value;
}

uint64_t identity_hash(const struct challenge *c)
{
	const unsigned char kind[] = { (unsigned char)c->type, c->wildcard };
	uint64_t hash = hash_bytes(hash_begin(), kind, sizeof(kind));

	hash = hash_text(hash_text(hash, c->client), c->identifier);
	return hash_text(hash_text(hash, c->record_name), secret_of(c));
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool identity_is_like(const struct challenge *a, const struct challenge *b)
{
	return a->type == b->type && a->wildcard == b->wildcard && is_same_text(a->client, b->client) && is_same_text(a->identifier, b->identifier) &&
	       is_same_text(a->record_name, b->record_name) && is_same_text(secret_of(a), secret_of(b));
}

bool identity_is_same(const struct challenge *a, const struct challenge *b)
{
	return identity_is_like(a, b) && is_same_text(a->key_authorization, b->key_authorization) && is_same_text(a->account_uri, b->account_uri);
}

static bool is_like(const void *a, const void *b)
{
	return identity_is_like(a, b);
}

static int refuse(const struct challenge *list, size_t at, const struct challenge *before, struct err *err)
{
	return err_set(err, ERR_INVALID, "challenge %zu (%s %s%.100s) is challenge %zu again; name each challenge of an order once", at + 1,
	               challenge_type_name(list[at].type), list[at].wildcard ? "*." : "", list[at].identifier, (size_t)(before - list) + 1);
}

int identity_check_unique(const struct challenge *list, size_t count, struct err *err)
{
	struct index seen = { 0 };
	int code = 0;

	for (size_t i = 0; i < count && code == 0; i++) {
		uint64_t hash = identity_hash(&list[i]);
		const struct challenge *before = index_find(&seen, hash, is_like, &list[i]);

		if (before)
			code = refuse(list, i, before, err);
		else
			index_add(&seen, hash, (void *)&list[i]);
	}
	index_done(&seen);
	return code;
}
