/* What an account needs: credentials, a host that answers, a clock, a signature that counts, grants, a rate. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "solver/akamai/reply.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cli/cps/doctor.h"
#include "solver/crypto/edgegrid.h"

#define CLOCK_WARN_MS 5000
#define CLOCK_FAIL_MS 30000 /* what the gateway is said to accept */
#define PER_MINUTE_MAX 35   /* of CPS, for an account */
#define NEARLY_GONE 5       /* requests */
#define HOST_TIMEOUT_MS 20000
#define CONTRACTS_PATH "/contract-api/v1/contracts/identifiers?depth=TOP"
#define SELF_PATH "/identity-management/v3/api-clients/self?apiAccess=true"

/* ---- credentials */

static char *expand(const char *path)
{
	const char *home = getenv("HOME");

	return strncmp(path, "~/", 2) == 0 && home ? mem_printf("%s%s", home, path + 1) : mem_dup(path);
}

static void examine_mode(struct doctor *d, const char *path)
{
	CLEANUP(mem_freep) char *remedy = mem_printf("chmod 600 %s", path);
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 077))
		doctor_say(d, GRADE_WARN, remedy, "%s can be read by others on this host (mode %03o)", path, (unsigned)(st.st_mode & 0777));
}

static void examine_lines(struct doctor *d, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[1024];
	bool found = false;

	while (f && fgets(line, sizeof(line), f)) {
		const char *at = line + strspn(line, " \t");

		found |= strncasecmp(at, "max_body", 8) == 0 || strncasecmp(at, "max-body", 8) == 0;
	}
	if (f)
		fclose(f);
	if (found)
		doctor_say(d, GRADE_WARN, "take the line away", "%s says max_body, which dcvd ignores: Akamai hashes the first 131072 bytes of a POST", path);
}

static void examine_file(struct doctor *d)
{
	CLEANUP(mem_freep) char *path = expand(d->settings.edgerc ? d->settings.edgerc : "~/.edgerc");
	struct edgegrid_credentials c = { 0 };
	struct err err;

	if (edgegrid_credentials_read(path, d->settings.section, &c, &err) < 0) {
		doctor_say(d, GRADE_FAIL, "write host, client_token, client_secret and access_token there, as Control Center gave them for the API client", "%s",
		           err.text);
		d->over = true;
		return;
	}
	doctor_say(d, GRADE_PASS, NULL, "of %s, section %s, for %s", path, d->settings.section ? d->settings.section : "default", c.host);
	edgegrid_credentials_done(&c);
	examine_mode(d, path);
	examine_lines(d, path);
}

void doctor_credentials(struct doctor *d)
{
	struct edgegrid_credentials c = { 0 };
	struct err err;
	int code = d->settings.file_first ? ERR_NOT_FOUND : edgegrid_credentials_from_env(d->settings.section, &c, &err);

	if (code == 0) {
		doctor_say(d, GRADE_PASS, NULL, "of the environment (AKAMAI_HOST and the three others), for %s; no file is read", c.host);
		edgegrid_credentials_done(&c);
	} else if (code == ERR_NOT_FOUND) {
		examine_file(d);
	} else {
		doctor_say(d, GRADE_FAIL, "set all four variables, or none", "%s", err.text);
		d->over = true;
	}
	if (!d->over && akamai_client_load(d->client, &err) < 0) {
		doctor_say(d, GRADE_FAIL, NULL, "%s", err.text);
		d->over = true;
	}
}

/* ---- the host */

struct knock {
	struct doctor *d;
	struct err err;
	int done, status;
	char *address;
};

static void on_knock(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct knock *k = arg;

	k->err = *err;
	if (reply) {
		k->status = reply->status;
		k->address = mem_dup(reply->address);
		k->d->date = http_header(reply->headers, "Date");
		k->d->date_seen_ms = clock_wall_ms();
	}
	k->done = 1;
	loop_stop(k->d->desk.loop);
}

static const char *remedy_of(const char *why)
{
	if (strcasestr(why, "resolve"))
		return "check the line \"host\" of the credentials, and that this host can resolve names (resolvectl query HOST)";
	if (strcasestr(why, "certificate") || strcasestr(why, "SSL") || strcasestr(why, "TLS"))
		return "if a proxy here ends TLS, name its CA in cps.ca-file; otherwise look who answers in Akamai's place";
	return "open the firewall for port 443 to that host, or name the proxy in the variable https_proxy";
}

void doctor_host(struct doctor *d)
{
	struct knock k = { .d = d };
	CLEANUP(mem_freep) char *url = NULL;
	CLEANUP(mem_freep) char *authorization = NULL;
	const char *proxy = getenv("https_proxy") ? getenv("https_proxy") : getenv("HTTPS_PROXY");
	struct http_request request = { .timeout_ms = HOST_TIMEOUT_MS, .ca_file = d->settings.ca_file };

	if (akamai_client_sign(d->client, &(struct akamai_request){ .path = "/" }, NULL, NULL, &url, &authorization, &k.err) == 0) {
		request.url = url;
		if (http_start(d->desk.http, &request, on_knock, &k, NULL, &k.err) == 0)
			doctor_wait(d, &k.done, "the host to answer");
	}
	if (k.status)
		doctor_say(d, GRADE_PASS, NULL, "%s answers at %s%s", url, k.address ? k.address : "an unknown address", proxy && *proxy ? ", through the proxy of https_proxy" : "");
	else {
		doctor_say(d, GRADE_FAIL, remedy_of(k.err.text), "%s%s%s", k.err.text, proxy && *proxy ? ", through the proxy of https_proxy: " : "", proxy && *proxy ? proxy : "");
		d->over = true;
	}
	free(k.address);
}

void doctor_clock(struct doctor *d)
{
	static const char remedy[] = "have the clock of this host synchronised (timedatectl set-ntp true)";
	int64_t theirs, off;

	if (!d->date || akamai_http_date(d->date, &theirs) < 0) {
		doctor_say(d, GRADE_WARN, "see that the clock of this host is synchronised (timedatectl)", "the host did not say what time it is");
		return;
	}
	off = (d->date_seen_ms - theirs) / 1000;
	if (llabs(off) * 1000 > CLOCK_FAIL_MS)
		doctor_say(d, GRADE_FAIL, remedy, "this host is %lld s %s Akamai's clock; dcvd signs with a corrected time, other clients are refused", llabs(off),
		           off > 0 ? "ahead of" : "behind");
	else if (llabs(off) * 1000 > CLOCK_WARN_MS)
		doctor_say(d, GRADE_WARN, remedy, "this host is %lld s %s Akamai's clock", llabs(off), off > 0 ? "ahead of" : "behind");
	else
		doctor_say(d, GRADE_PASS, NULL, "within %d s of Akamai's clock", CLOCK_WARN_MS / 1000);
}

/* ---- what the gateway says of the signature */

static bool body_says(const struct doctor *d, const char *text)
{
	return d->answer.body && strcasestr(d->answer.body, text);
}

static const char *signature_remedy(const struct doctor *d)
{
	if (body_says(d, "timestamp"))
		return "correct the clock of this host, or let a proxy not hold requests back";
	if (body_says(d, "inactive") || body_says(d, "expired"))
		return "the API client is inactive: make it active, or make new credentials, in Control Center under Identity & access";
	if (body_says(d, "does not match"))
		return "client_secret is not that of client_token: copy it whole, with its last \"=\", without quotes or blanks behind it";
	if (body_says(d, "nonce"))
		return "a proxy repeats requests: let it pass them once";
	return "check client_token, access_token and host: all four belong to one API client";
}

/* Whoever is told that a grant is missing was recognised. */
void doctor_signature(struct doctor *d)
{
	doctor_ask(d, d->client, CONTRACTS_PATH, "application/json");
	if (d->answer.status == 0 || d->answer.status >= 500) {
		doctor_say(d, GRADE_FAIL, "try again in some minutes; https://www.akamaistatus.com tells of outages", "the account cannot be asked: %s", d->answer.err.text);
		d->over = true;
	} else if (d->answer.status == 401 || (d->answer.status == 400 && body_says(d, "pep-authn"))) {
		doctor_say(d, GRADE_FAIL, signature_remedy(d), "%s", d->answer.err.text);
		d->over = true;
	} else if (d->answer.status != 429) {
		doctor_say(d, GRADE_PASS, NULL, "Akamai accepts it");
	}
}

/* ---- grants */

static bool is_denied(const struct doctor *d)
{
	return d->answer.status == 401 || d->answer.status == 403;
}

void doctor_contracts(struct doctor *d)
{
	char **configured = d->desk.config->cps.contracts;

	if (d->answer.status == 200)
		d->contracts = json_loads(d->answer.body, 0, NULL);
	if (json_is_array(d->contracts) && json_array_size(d->contracts))
		doctor_say(d, GRADE_PASS, NULL, "%zu, which dcvd finds out by itself", json_array_size(d->contracts));
	else if (json_is_array(d->contracts))
		doctor_say(d, GRADE_FAIL, "give the API client a group with a contract in Control Center", "the account has no contract that these credentials may see");
	else if (configured && configured[0])
		doctor_say(d, GRADE_PASS, NULL, "those of cps.contracts; the grant Contracts-API READ is missing and not needed");
	else if (is_denied(d))
		doctor_say(d, GRADE_WARN, "grant Contracts-API READ to the API client, or name the contracts in cps.contracts", "they cannot be found out: the grant is missing");
	else
		doctor_say(d, GRADE_WARN, "name the contracts in cps.contracts", "they cannot be found out: %s", d->answer.err.text);
}

void doctor_switch_key(struct doctor *d)
{
	struct akamai_account own = d->settings;
	CLEANUP(mem_freep) char *with = mem_dup(d->answer.body ? d->answer.body : "");
	int status = d->answer.status;
	struct akamai_client *client;

	if (!d->settings.account_key)
		return;
	own.account_key = NULL;
	client = akamai_client_new(d->desk.loop, d->desk.http, &own);
	doctor_ask(d, client, CONTRACTS_PATH, "application/json");
	akamai_client_free(client);
	if (status == 200 && d->answer.status == 200 && d->answer.body && strcmp(with, d->answer.body) == 0)
		doctor_say(d, GRADE_WARN, "leave it out, or check it: it leads to the account that the credentials are of", "it changes nothing");
	else if (status == 200)
		doctor_say(d, GRADE_PASS, NULL, "leads to another account");
	else
		doctor_say(d, GRADE_FAIL, "check the key (GET /identity-management/v3/api-clients/self/account-switch-keys lists them), and that the API client may switch accounts",
		           "with it the account answered %d, without it %d", status, d->answer.status);
}

void doctor_read_grant(struct doctor *d)
{
	json_t *input = json_object();
	int code;

	if (*d->account)
		json_object_set_new(input, "account", json_string(d->account));
	code = desk_try(&d->desk, "list", input);
	if (code == 0) {
		d->enrollments = json_incref(json_object_get(d->desk.result, "enrollments"));
		doctor_say(d, GRADE_PASS, NULL, "%zu enrollments", json_array_size(d->enrollments));
	} else {
		doctor_say(d, GRADE_FAIL, code == ERR_DENIED ? "grant CPS with READ-WRITE to the API client, and give its user a role that may see certificates"
		           : code == ERR_RATE ? "something else uses up the limit of the account: let it wait, or lower cps.per-minute here" : "see what the sentence says",
		           "enrollments cannot be listed: %s", d->desk.err.text);
	}
}

/* {"apiAccess":{"apis":[{"apiName":"CPS","endPoint":"/cps","accessLevel":"READ-WRITE"}]}} */
static const char *cps_level(const json_t *self)
{
	json_t *api;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(self, "apiAccess"), "apis"), i, api)
		if (strncmp(json_text(api, "endPoint"), "/cps", 4) == 0 || strcasecmp(json_text(api, "apiName"), "CPS") == 0)
			return json_text(api, "accessLevel");
	return "";
}

void doctor_write_grant(struct doctor *d)
{
	json_t *self;
	const char *level;

	doctor_ask(d, d->client, SELF_PATH, "application/json");
	self = d->answer.status == 200 ? json_loads(d->answer.body, 0, NULL) : NULL;
	level = cps_level(self);
	if (strcasecmp(level, "READ-WRITE") == 0)
		doctor_say(d, GRADE_PASS, NULL, "granted");
	else if (*level)
		doctor_say(d, GRADE_FAIL, "grant CPS with READ-WRITE to the API client", "the grant is %s: acknowledgements and changes will be refused", level);
	else if (self && json_is_array(json_object_get(json_object_get(self, "apiAccess"), "apis")))
		doctor_say(d, GRADE_FAIL, "grant CPS with READ-WRITE to the API client", "the API client has no grant for CPS");
	else
		doctor_say(d, GRADE_WARN, "grant Identity Management READ to the API client to have it shown, or look in Control Center",
		           "not provable without a change: the API client may not read its own grants");
	json_decref(self);
}

static bool has_provider(const struct config *config, const char *type)
{
	for (size_t i = 0; i < config->provider_count; i++)
		if (config->providers[i].type && strcmp(config->providers[i].type, type) == 0)
			return true;
	return false;
}

void doctor_other_grants(struct doctor *d)
{
	static const struct { const char *name, *path, *provider; } others[] = {
		{ "Edge DNS", "/config-dns/v2/zones?pageSize=1", "edgedns" }, { "mTLS keystore", "/mtls-origin-keystore/v1/client-certificates", NULL },
		{ "mTLS trust store", "/mtls-edge-truststore/v2/ca-sets", NULL }, { "Property Manager", "/papi/v1/groups", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		bool needed = others[i].provider && has_provider(d->desk.config, others[i].provider);

		doctor_ask(d, d->client, others[i].path, "application/json");
		if (d->answer.status == 200)
			doctor_say(d, GRADE_PASS, NULL, "%s: granted", others[i].name);
		else if (needed)
			doctor_say(d, GRADE_WARN, "grant it to the API client, unless the provider has credentials of its own", "%s: %s", others[i].name, d->answer.err.text);
		else
			doctor_say(d, GRADE_PASS, NULL, "%s: not granted, and nothing here needs it", others[i].name);
	}
}

/* ---- limits */

static long long number_of(const char *headers, const char *name)
{
	CLEANUP(mem_freep) char *value = headers ? http_header(headers, name) : NULL;

	return value && *value >= '0' && *value <= '9' ? strtoll(value, NULL, 10) : -1;
}

static long long first_number(const char *headers, const char *const names[])
{
	long long found = -1;

	for (size_t i = 0; names[i] && found < 0; i++)
		found = number_of(headers, names[i]);
	return found;
}

void doctor_rate(struct doctor *d)
{
	static const char *const lefts[] = { "X-RateLimit-Remaining", "Akamai-RateLimit-Remaining", NULL };
	static const char *const limits[] = { "X-RateLimit-Limit", "Akamai-RateLimit-Limit", NULL };
	long long left, limit;

	doctor_ask(d, d->client, CONTRACTS_PATH, "application/json");
	left = first_number(d->answer.headers, lefts);
	limit = first_number(d->answer.headers, limits);
	if (d->answer.status == 429)
		doctor_say(d, GRADE_FAIL, "find out what else uses these credentials, and wait", "the limit of the account is used up: %s", d->answer.err.text);
	else if (left >= 0 && left <= NEARLY_GONE)
		doctor_say(d, GRADE_WARN, "find out what else uses the account", "only %lld%s requests are left for now", left, limit >= 0 ? " of the allowed" : "");
	else if (left >= 0)
		doctor_say(d, GRADE_PASS, NULL, "%lld requests are left for now", left);
	else
		doctor_say(d, GRADE_PASS, NULL, "the account does not say how many requests are left");
	if (d->settings.per_minute > PER_MINUTE_MAX)
		doctor_say(d, GRADE_WARN, "set cps.per-minute to 35 or less", "dcvd may send %lld requests a minute, and CPS allows %d", (long long)d->settings.per_minute,
		           PER_MINUTE_MAX);
	else
		doctor_say(d, GRADE_PASS, NULL, "dcvd sends at most %lld requests a minute, of the %d that CPS allows", (long long)d->settings.per_minute, PER_MINUTE_MAX);
}
