/* links: dcvd_api */
/* The URL of a callback, against a rule of the configuration: three lines, URL, rule and client. A URL is allowed only when it leads
 * where the rule says, as libcurl reads it with all its defaults, and as somebody reads it who looks for the first "/". */
#include <curl/curl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/api/access/grants.h"
#include "solver/api/notify/callbacks.h"
#include "solver/base/mem.h"
#include "solver/net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "ci"

#define NEED(what) ((what) ? (void)0 : fault(#what))

static void fault(const char *what)
{
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

static void check_parts(const char *url, const struct url_parts *u)
{
	CLEANUP(mem_freep) char *plain = NULL;
	struct url_parts again = { 0 };
	struct err err;

	NEED(strcmp(u->scheme, "http") == 0 || strcmp(u->scheme, "https") == 0);
	NEED(*u->host && !strpbrk(u->host, "/?#@\\ ABCDEFGHIJKLMNOPQRSTUVWXYZ") && u->port && atoi(u->port) >= 0 && atoi(u->port) < 65536);
	NEED(*u->path == '/' && url_is_below(u, u) && !strpbrk(url, " \r\n\t"));
	plain = mem_printf("%s://%s:%s%s", u->scheme, u->host, u->port, u->path);
	NEED(url_parts_read(plain, &again, &err) == 0 && strcmp(again.host, u->host) == 0 && strcmp(again.path, u->path) == 0 &&
	     strcmp(again.port, u->port) == 0);
	url_parts_done(&again);
}

static char *curl_part(CURLU *u, CURLUPart what)
{
	char *text = NULL, *copy = NULL;

	if (curl_url_get(u, what, &text, CURLU_DEFAULT_PORT) == CURLUE_OK)
		copy = mem_dup(text);
	curl_free(text);
	return copy;
}

/* What a call without our options would do: "a/../b" is "b" then. */
static void check_with_curl(const char *url, const struct url_parts *rule)
{
	CURLU *u = curl_url();

	NEED(curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK);
	CLEANUP(mem_freep) char *host = curl_part(u, CURLUPART_HOST), *port = curl_part(u, CURLUPART_PORT), *path = curl_part(u, CURLUPART_PATH);
	NEED(strcasecmp(host, rule->host) == 0 && strcmp(port, rule->port) == 0 && strncmp(path, rule->path, strlen(rule->path)) == 0);
	curl_url_cleanup(u);
}

/* An escaped host and an IPv4 address in another form are what libcurl makes of them. */
static void check_with_eyes(const char *url, const struct url_parts *rule)
{
	const char *host = strstr(url, "://");
	size_t length;

	NEED(host);
	host += 3;
	length = strcspn(host, "/?#\\");
	if (memchr(host, '%', length) || rule->host[strspn(rule->host, "0123456789.")] == '\0')
		return;
	NEED(!memchr(host, '@', length) && strncasecmp(host, rule->host, strlen(rule->host)) == 0);
	NEED(length == strlen(rule->host) || host[strlen(rule->host)] == ':');
}

static void ask(const struct api *api, const char *url, const char *client, const char *grants_text)
{
	struct caller caller = { .name = client };
	struct order_request request = { .callback_url = url, .callback_secret = SECRET };
	struct problem problem = { 0 };
	struct grants *grants = NULL;
	struct err err;

	NEED(grants_parse(grants_text, &grants, &err) == 0);
	caller.grants = grants;
	if (callback_check(api, &caller, &request, &problem) == 0)
		NEED(callback_is_allowed(api, SECRET, url) && (grants_operator(grants) || strcmp(client, "ci") == 0));
	else
		NEED((problem.status == 403 || problem.status == 422) && *problem.err.text && *problem.pointer);
	grants_free(grants);
}

static void judge(const char *url, char *rule_text, const char *client)
{
	char *urls[] = { rule_text, NULL }, *clients[] = { (char *)(uintptr_t)"ci", NULL };
	struct config_callback rule = { .secret = (char *)(uintptr_t)SECRET, .urls = urls, .clients = clients };
	struct config_callback_secret secret = { .name = (char *)(uintptr_t)SECRET };
	struct config config = { .callbacks = &rule, .callback_count = 1, .callback_secrets = &secret, .callback_secret_count = 1 };
	struct api api = { .config = &config };
	struct url_parts u, r;
	struct err err = { 0 };
	int readable = url_parts_read(url, &u, &err);

	NEED(readable == 0 || (readable == ERR_INVALID && *err.text));
	if (readable == 0)
		check_parts(url, &u);
	if (callback_is_allowed(&api, SECRET, url)) {
		NEED(readable == 0 && url_parts_read(rule_text, &r, &err) == 0);
		check_with_curl(url, &r);
		check_with_eyes(url, &r);
		url_parts_done(&r);
	}
	ask(&api, url, client, "{\"identifiers\":[\"example.com\"]}");
	ask(&api, url, client, "{\"identifiers\":[\"*\"]}");
	url_parts_done(&u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mem_freep) char *text = mem_dup_n((const char *)data, size), *rule = NULL;
	char *rest = text, *url = strsep(&rest, "\n"), *rule_line = strsep(&rest, "\n"), *client = strsep(&rest, "\n");

	rule = mem_dup(rule_line && *rule_line ? rule_line : "https://ci.example.com/hooks");
	judge(url, rule, client ? client : "ci");
	return 0;
}
