#include "solver/cps/choose.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

static const struct cps_challenge *challenge_of_type(const struct cps_domain *d, enum challenge_type type)
{
	for (size_t i = 0; i < d->challenge_count; i++)
		if (d->challenges[i].type == (int)type && *d->challenges[i].response_body)
			return &d->challenges[i];
	return NULL;
}

static bool has_dns_route(const struct config *config)
{
	for (size_t i = 0; i < config->route_count; i++)
		if (config->routes[i].type != CHALLENGE_HTTP01)
			return true;
	return false;
}

/* A CNAME may lead from a name without a dns-01 route to one that has it; only the engine finds that out. */
static const struct cps_challenge *last_resort(const struct config *config, const struct cps_domain *d)
{
	return has_dns_route(config) ? challenge_of_type(d, CHALLENGE_DNS01) : NULL;
}

/* How closely the routes fit the name for a challenge of this type: -1 not at all. */
static int fit_of(const struct config *config, const struct cps_domain *d, enum challenge_type type)
{
	char name[NAME_SIZE];
	bool wildcard;
	const struct config_route *route;

	if (!challenge_of_type(d, type) || name_identifier(d->domain, name, &wildcard, NULL) < 0)
		return -1;
	if (wildcard && type == CHALLENGE_HTTP01)
		return -1;
	route = config_route(config, type, name);
	return route ? (int)strlen(route->suffix) : -1;
}

static const struct cps_challenge *choose_one(const struct config *config, const struct cps_domain *d)
{
	bool http_first = config->cps.prefer && strcmp(config->cps.prefer, "http-01") == 0;
	int dns = fit_of(config, d, CHALLENGE_DNS01), http = fit_of(config, d, CHALLENGE_HTTP01);

	if (dns < 0 && http < 0)
		return last_resort(config, d);
	if (http > dns || (http == dns && http_first))
		return challenge_of_type(d, CHALLENGE_HTTP01);
	return challenge_of_type(d, CHALLENGE_DNS01);
}

static bool is_repeated(const struct cps_choice *choice, const struct challenge_request *r)
{
	for (size_t i = 0; i < choice->count; i++) {
		const struct challenge_request *other = &choice->requests[i];

		if (other->type != r->type || strcasecmp(other->domain, r->domain) != 0)
			continue;
		if (r->type == CHALLENGE_HTTP01 ? strcmp(other->token, r->token) == 0 : strcmp(other->value, r->value) == 0)
			return true;
	}
	return false;
}

static struct challenge_request request_of(const struct cps_domain *d, const struct cps_challenge *c)
{
	struct challenge_request r = { .type = (enum challenge_type)c->type, .domain = d->domain, .raw = true };

	if (r.type == CHALLENGE_HTTP01) {
		r.token = c->token;
		r.key_authorization = c->response_body;
	} else {
		r.value = c->response_body;
	}
	return r;
}

int cps_choose(const struct config *config, const struct cps_domains *domains, struct cps_choice *ret, struct err *err)
{
	struct cps_choice choice = { .requests = mem_new(domains->count + 1, sizeof(*choice.requests)) };

	for (size_t i = 0; i < domains->count; i++) {
		const struct cps_domain *d = &domains->items[i];
		const struct cps_challenge *c;
		struct challenge_request r;

		if (!cps_domain_is_open(d))
			continue;
		c = choose_one(config, d);
		if (!c) {
			cps_choice_done(&choice);
			return err_set(err, ERR_DENIED, "no route of the configuration allows a challenge that CPS offers for %s; "
			               "add one under routes:", d->domain);
		}
		r = request_of(d, c);
		if (!is_repeated(&choice, &r))
			choice.requests[choice.count++] = r;
	}
	*ret = choice;
	return 0;
}

void cps_choice_done(struct cps_choice *choice)
{
	free(choice->requests);
	memset(choice, 0, sizeof(*choice));
}

char *cps_generation(const struct cps_domains *domains)
{
	struct buf out = BUF_INIT(CPS_NAMES_MAX * (SHA256_TEXT_SIZE + 1));

	for (size_t i = 0; i < domains->count; i++) {
		const struct cps_domain *d = &domains->items[i];
		struct buf one = BUF_INIT(65536);
		char digest[SHA256_TEXT_SIZE];

		if (!cps_domain_is_open(d))
			continue;
		buf_printf(&one, "%s\n", d->domain);
		for (size_t k = 0; k < d->challenge_count; k++)
			buf_printf(&one, "%s %s %s\n", d->challenges[k].type_text, d->challenges[k].token,
			           d->challenges[k].response_body);
		crypto_dns01_value(buf_text(&one), digest); /* any digest of text would do */
		buf_printf(&out, "%s ", digest);
		buf_done(&one);
	}
	return out.data ? buf_take(&out) : mem_dup("");
}

bool cps_generation_covers(const char *have, const char *wanted)
{
	while (*wanted) {
		size_t length = strcspn(wanted, " ");
		CLEANUP(mem_freep) char *one = mem_dup_n(wanted, length + (wanted[length] == ' '));

		if (!have || !strstr(have, one))
			return false;
		wanted += strlen(one);
	}
	return true;
}
