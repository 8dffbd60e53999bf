/* The rules of `callbacks:`: which client may have which URL called, signed with which secret. */
#include <string.h>

#include "solver/api/notify/callbacks.h"
#include "solver/api/access/grants.h"
#include "solver/base/mem.h"
#include "solver/net/url.h"

static bool has_secret(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->callback_secret_count; i++)
		if (strcmp(c->callback_secrets[i].name, name) == 0)
			return true;
	return false;
}

/* Operators use every rule. */
static bool rule_serves(const struct config_callback *rule, const struct caller *caller)
{
	if (!caller || grants_operator(caller->grants))
		return true;
	for (char **client = rule->clients; client && *client; client++)
		if (strcmp(*client, "*") == 0 || strcmp(*client, caller->name) == 0)
			return true;
	return false;
}

static bool rule_holds(const struct config_callback *rule, const struct url_parts *url)
{
	bool below = false;

	for (char **text = rule->urls; text && *text && !below; text++) {
		struct url_parts allowed;

		below = url_parts_read(*text, &allowed, &(struct err){ 0 }) == 0 && url_is_below(url, &allowed);
		url_parts_done(&allowed);
	}
	return below;
}

/* caller NULL: any client that a rule allows. */
static void find(const struct config *c, const struct caller *caller, const char *secret, const struct url_parts *url, bool *ret_secret, bool *ret_url)
{
	*ret_secret = *ret_url = false;
	for (size_t i = 0; i < c->callback_count; i++) {
		const struct config_callback *rule = &c->callbacks[i];

		if (strcmp(rule->secret, secret) != 0 || !rule_serves(rule, caller))
			continue;
		*ret_secret = true;
		*ret_url = *ret_url || rule_holds(rule, url);
	}
}

static int check_rules(const struct api *a, const struct caller *caller, const struct order_request *r, const struct url_parts *url,
                       struct problem *problem)
{
	const char *name = r->callback_secret;
	bool operator = grants_operator(caller->grants), secret_found, url_found;
	CLEANUP(mem_freep) char *origin = url_origin(url);

	find(a->config, caller, name, url, &secret_found, &url_found);
	if (url_found)
		return 0;
	if (operator && !has_secret(a->config, name))
		return problem_set(problem, 422, ERR_INVALID, "/callback/secret",
		                   "the configuration has no callback secret named \"%.60s\"; add one under callback-secrets:", name);
	if (!operator && !secret_found)
		return problem_set(problem, 403, ERR_DENIED, "/callback/secret", "the callback secret \"%.60s\" is not granted to this client; the operator "
		                   "names the client under callbacks: of the configuration", name);
	return problem_set(problem, 403, ERR_DENIED, "/callback/url", "the configuration allows no call of this URL with the secret \"%.60s\"; the operator "
	                   "adds it as callbacks: [{secret: %.60s, urls: [\"%.200s/\"], clients: [%.60s]}]", name, name, origin, caller->name);
}

int callback_check(const struct api *a, const struct caller *caller, const struct order_request *r, struct problem *problem)
{
	struct url_parts url;
	struct err err;
	int code;

	if (!r->callback_url)
		return 0;
	code = url_parts_read(r->callback_url, &url, &err);
	if (code < 0)
		problem_set(problem, 422, ERR_INVALID, "/callback/url", "%s", err.text);
	else
		code = check_rules(a, caller, r, &url, problem);
	url_parts_done(&url);
	return code;
}

bool callback_is_allowed(const struct api *a, const char *secret, const char *text)
{
	bool secret_found, url_found = false;
	struct url_parts url;

	if (url_parts_read(text, &url, &(struct err){ 0 }) == 0)
		find(a->config, NULL, secret, &url, &secret_found, &url_found);
	url_parts_done(&url);
	return url_found;
}
