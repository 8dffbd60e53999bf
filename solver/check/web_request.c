#include "solver/check/web_request.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/err.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"
#include "solver/net/url.h"
#include "solver/verdict/http/url.h"

#define USER_MAX URL_SIZE

static void add_unescaped(struct buf *b, const char *text, size_t length)
{
	size_t plain_length;
	CLEANUP(mem_freep) char *plain = url_unescape(text, length, &plain_length);

	buf_add(b, plain, plain_length);
}

/* RFC 7617, of "user:password" or "user". */
static char *basic(const char *user, size_t length)
{
	const char *colon = memchr(user, ':', length);
	size_t name = colon ? (size_t)(colon - user) : length;
	struct buf plain = BUF_INIT(USER_MAX);
	CLEANUP(mem_freep) char *encoded = NULL;

	add_unescaped(&plain, user, name);
	buf_add_char(&plain, ':');
	if (colon)
		add_unescaped(&plain, colon + 1, length - name - 1);
	encoded = crypto_base64(plain.data, plain.length);
	buf_done(&plain);
	return mem_printf("Basic %s", encoded);
}

static bool is_address(const struct url *u)
{
	struct in_addr v4;

	return u->literal || inet_pton(AF_INET, u->host, &v4) == 1;
}

/* Divides "//user@host:port/path?query". */
static void take_parts(const char *authority, struct web_request *ret)
{
	size_t length = strcspn(authority, "/?#"), user = 0;
	const char *rest = authority + length;

	for (size_t i = 0; i < length; i++)
		if (authority[i] == '@')
			user = i + 1;
	if (user)
		ret->authorization = basic(authority, user - 1);
	ret->host = mem_dup_n(authority + user, length - user);
	ret->target = mem_printf("%s%.*s", *rest == '/' ? "" : "/", (int)strcspn(rest, "#"), rest);
}

int web_request_read(const char *url, struct web_request *ret)
{
	struct url u;

	*ret = (struct web_request){ 0 };
	if (url_resolve(url, url, &u) < 0 || !strstr(u.text, "://"))
		return ERR_INVALID;
	ret->tls = strcmp(u.scheme, "https") == 0;
	ret->port = u.port[0] ? (int)strtol(u.port, NULL, 10) : ret->tls ? 443 : 80; /* an empty port is none */
	ret->sni = is_address(&u) ? NULL : mem_dup(u.host);
	take_parts(strstr(u.text, "://") + 3, ret);
	return 0;
}

void web_request_done(struct web_request *w)
{
	free(w->host);
	free(w->sni);
	free(w->target);
	free(w->authorization);
}
