#include "solver/api/access/credential.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

#define BASIC_MAX 512 /* of the base64 text */
#define TOKEN_START "dcvd_"

static const char token_alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

void credential_wipe(struct credential *c)
{
	explicit_bzero(c, sizeof(*c));
}

static void token_set(struct credential *c, enum credential_kind kind, const char *token, size_t length)
{
	if (length < 1 || length >= sizeof(c->token))
		return;
	memcpy(c->token, token, length);
	c->token[length] = '\0';
	c->kind = kind;
}

/* "user:password", where the password may hold colons. A zero byte would hide what follows it. */
static void basic_split(const char *pair, size_t length, struct credential *ret)
{
	const char *colon = memchr(pair, ':', length);
	size_t user = colon ? (size_t)(colon - pair) : 0;

	if (!colon || memchr(pair, '\0', length) || user < 1 || user >= sizeof(ret->user))
		return;
	memcpy(ret->user, pair, user);
	ret->user[user] = '\0';
	token_set(ret, CREDENTIAL_BASIC, colon + 1, length - user - 1);
}

static void basic_read(const char *text, struct credential *ret)
{
	unsigned char *pair = NULL;
	size_t length;

	if (strlen(text) > BASIC_MAX || crypto_base64_decode(text, &pair, &length) < 0)
		return;
	basic_split((char *)pair, length, ret);
	explicit_bzero(pair, length);
	free(pair);
}

void credential_read(const char *header, struct credential *ret)
{
	*ret = (struct credential){ .kind = header ? CREDENTIAL_BROKEN : CREDENTIAL_NONE };
	if (!header)
		return;
	if (strncasecmp(header, "Bearer ", 7) == 0) {
		header += 7 + strspn(header + 7, " ");
		token_set(ret, CREDENTIAL_BEARER, header, strlen(header));
	} else if (strncasecmp(header, "Basic ", 6) == 0) {
		basic_read(header + 6 + strspn(header + 6, " "), ret);
	}
}

size_t credential_in_path(const char *path, struct credential *ret)
{
	size_t start = strspn(path, "/"), length;

	*ret = (struct credential){ CREDENTIAL_NONE };
	if (!start)
		return 0;
	if (strncmp(path + start, "t/", 2) == 0)
		start += 1 + strspn(path + start + 1, "/");
	else if (strncmp(path + start, TOKEN_START, strlen(TOKEN_START)) != 0)
		return 0;
	length = strcspn(path + start, "/");
	if (!length)
		return 0;
	ret->kind = CREDENTIAL_BROKEN;
	if (strspn(path + start, token_alphabet) == length)
		token_set(ret, CREDENTIAL_PATH, path + start, length);
	/* The base URL may end in a slash, and the client puts one of its own behind it. */
	length += start;
	while (path[length] == '/' && path[length + 1] == '/')
		length++;
	return length;
}
