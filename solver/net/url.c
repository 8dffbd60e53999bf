#include "solver/net/url.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"

static char *part(CURLU *u, CURLUPart what, unsigned flags)
{
	char *text = NULL, *copy = NULL;

	if (curl_url_get(u, what, &text, flags) == CURLUE_OK)
		copy = mem_dup(text);
	curl_free(text);
	return copy;
}

/* ".", "..", and what a server may take for them or for a separator. */
static bool climbs(const char *path)
{
	static const char *const signs[] = { "/./", "/../", "%2e", "%2f", "%5c", "\\" };
	size_t length = strlen(path);

	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (strcasestr(path, signs[i]))
			return true;
	return (length >= 2 && strcmp(path + length - 2, "/.") == 0) || (length >= 3 && strcmp(path + length - 3, "/..") == 0);
}

static bool has(CURLU *u, CURLUPart what)
{
	CLEANUP(mem_freep) char *text = part(u, what, 0);

	return text != NULL;
}

static int check(CURLU *u, const struct url_parts *p, struct err *err)
{
	if (strcmp(p->scheme, "https") != 0 && strcmp(p->scheme, "http") != 0)
		return err_set(err, ERR_INVALID, "the URL must begin with https:// or http://");
	if (has(u, CURLUPART_USER) || has(u, CURLUPART_PASSWORD))
		return err_set(err, ERR_INVALID, "the URL must hold no user and no password");
	if (has(u, CURLUPART_FRAGMENT))
		return err_set(err, ERR_INVALID, "the URL must have no fragment (\"#…\")");
	if (climbs(p->path))
		return err_set(err, ERR_INVALID, "the path of the URL must hold no \"..\", no backslash, and none of them escaped");
	return 0;
}

/* libcurl also takes one slash or three in front of the host, and escapes in it, which become any bytes there. Other readers find
 * another host in such a URL, or none. */
static bool has_plain_authority(const char *url, const char *scheme)
{
	const char *rest = url + strlen(scheme);

	return strncasecmp(url, scheme, strlen(scheme)) == 0 && strncmp(rest, "://", 3) == 0 && rest[3] != '/' &&
	       !memchr(rest + 3, '%', strcspn(rest + 3, "/?#"));
}

int url_parts_read(const char *url, struct url_parts *ret, struct err *err)
{
	CURLU *u = curl_url();
	CURLUcode rc = curl_url_set(u, CURLUPART_URL, url, CURLU_PATH_AS_IS | CURLU_NON_SUPPORT_SCHEME);
	int code;

	*ret = (struct url_parts){ 0 };
	if (rc == CURLUE_OK)
		*ret = (struct url_parts){ part(u, CURLUPART_SCHEME, 0), part(u, CURLUPART_HOST, 0), part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT),
		                           part(u, CURLUPART_PATH, 0) };
	for (char *c = ret->host; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (rc == CURLUE_OK && ret->scheme && has_plain_authority(url, ret->scheme) && ret->host && *ret->host && ret->path && strspn(url, "!\"#$%&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~") == strlen(url))
		code = check(u, ret, err);
	else
		code = err_set(err, ERR_INVALID, "this is no URL that can be called: %s", rc == CURLUE_OK ? "it has no host behind \"//\", an escape in it, or a character that no URL has" : curl_url_strerror(rc));
	curl_url_cleanup(u);
	return code;
}

void url_parts_done(struct url_parts *u)
{
	mem_freep(&u->scheme);
	mem_freep(&u->host);
	mem_freep(&u->port);
	mem_freep(&u->path);
}

char *url_origin(const struct url_parts *u)
{
	const char *usual = strcmp(u->scheme, "https") == 0 ? "443" : "80";
	bool other = u->port && strcmp(u->port, usual) != 0;

	return mem_printf("%s://%s%s%s", u->scheme, u->host, other ? ":" : "", other ? u->port : "");
}

bool url_is_below(const struct url_parts *url, const struct url_parts *rule)
{
	size_t length = strlen(rule->path);

	if (strcmp(url->scheme, rule->scheme) != 0 || strcmp(url->host, rule->host) != 0 || !url->port || !rule->port ||
	    strcmp(url->port, rule->port) != 0 || strncmp(url->path, rule->path, length) != 0)
		return false;
	return url->path[length] == '\0' || url->path[length] == '/' || (length && rule->path[length - 1] == '/');
}

char *url_unescape(const char *text, size_t length, size_t *ret_length)
{
	int decoded = 0;
	char *plain = length ? curl_easy_unescape(NULL, text, (int)length, &decoded) : NULL;
	char *copy = mem_new((size_t)decoded + 1, 1);

	if (plain)
		memcpy(copy, plain, (size_t)decoded);
	curl_free(plain);
	*ret_length = (size_t)decoded;
	return copy;
}
