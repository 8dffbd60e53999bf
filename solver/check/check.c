/* A check from its request to its verdict: the evidence is collected in steps (run.h), then judged. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/own.h"
#include "solver/check/query.h"
#include "solver/check/resolve.h"
#include "solver/check/run.h"
#include "solver/crypto/crypto.h"
#include "solver/dns/name.h"

#define DOMAIN_MAX 512
#define PATIENCE_MS 2000 /* an authority's resolver has asked another server long before */
#define PROBE_TOKEN "dcvd-check"

static const char *const dns_types[] = { "dns-01", "dns-account-01", "dns-persist-01", NULL };
static const char *const web_types[] = { "http-01", "tls-alpn-01", NULL };

static bool is_one_of(const char *const *list, const char *type)
{
	for (; *list; list++)
		if (strcmp(*list, type) == 0)
			return true;
	return false;
}

static bool is_type(const struct check_run *r, const char *type)
{
	return strcmp(r->e->type, type) == 0;
}

/* ---- the end ---- */

static void run_free(struct check_run *r)
{
	DL_DELETE(r->c->runs, r);
	queries_free(r);
	for (size_t i = 0; i < r->server_count; i++) {
		free(r->servers[i].zone);
		free(r->servers[i].name);
		free(r->servers[i].address);
	}
	evidence_free(r->e);
	profiles_release(r->c, r->profiles);
	free(r->covered);
	free(r);
}

static void forget_others(struct check_run *r)
{
	if (r->others_busy && r->c->others.cancel)
		r->c->others.cancel(r->c->others.arg, r);
	r->others_busy = false;
}

static void stop_timers(struct check_run *r)
{
	timer_stop(r->limit);
	timer_stop(r->patience);
	r->limit = r->patience = NULL;
}

/* Tells, once; what is still under way ends unheard. */
static void run_end(struct check_run *r)
{
	struct evidence *e = r->e;

	host_note(r);
	stop_timers(r);
	if (r->locate)
		locate_cancel(r->locate);
	r->locate = NULL;
	forget_others(r);
	r->over = true;
	r->e = NULL;
	r->done(e, judge(e, r->authority), r->arg);
}

static void run_settle(struct check_run *r)
{
	if (r->over && !r->pending)
		run_free(r);
}

static void on_limit(void *arg)
{
	struct check_run *r = arg;

	r->limit = NULL;
	run_give_up(r);
	run_end(r);
	run_settle(r);
}

/* ---- remote checks ---- */

static void begin(void *arg);

static void on_others(void *arg)
{
	struct check_run *r = arg;

	r->others_busy = false;
	r->pending++;
	later(&r->c->laters, 0, begin, r);
}

/* They are asked once, and only about what passes here, or may pass where this host has no way: they cost others something. */
static bool start_others(struct check_run *r)
{
	struct verdict *v;
	bool pass;

	if (r->others_started || !r->c->others.start || r->c->stopped || !run_wants(r, CHECK_PERSPECTIVES))
		return false;
	r->others_started = true;
	host_note(r);
	v = judge(r->e, r->authority);
	pass = v->result == VERDICT_PASS || v->doubted;
	verdict_free(v);
	r->others_busy = pass;
	if (pass && !r->c->others.start(r->c->others.arg, r->e, on_others, r))
		r->others_busy = false;
	return pass && (r->others_busy || r->pending > r->abandoned);
}

/* ---- the steps ---- */

static void on_patience(void *arg)
{
	struct check_run *r = arg;

	r->patience = NULL;
	run_abandon(r);
	r->heard_ms = loop_now_ms(r->c->parts.loop); /* what the silence leads to may take its time, too */
	r->advance(r);
}

/* One silent server among good ones holds no verdict for long. */
static void watch_patience(struct check_run *r)
{
	int64_t left = r->heard_ms + PATIENCE_MS - loop_now_ms(r->c->parts.loop);

	timer_stop(r->patience);
	r->patience = run_waits_for_silent(r) ? timer_start(r->c->parts.loop, left > 0 ? left : 0, on_patience, r) : NULL;
}

static void run_advance(struct check_run *r)
{
	if (r->over) {
		run_settle(r);
		return;
	}
	if (!r->c->stopped) {
		validation_step(r);
		servers_step(r);
		cuts_step(r);
		delegation_step(r);
		signs_step(r);
		details_step(r);
	}
	if (r->pending > r->abandoned || r->locate || r->others_busy || start_others(r)) {
		watch_patience(r);
		return;
	}
	run_end(r);
	run_settle(r);
}

/* ---- the request ---- */

static int bad_type(const char *type, struct err *err)
{
	return err_set(err, ERR_INVALID, "there is no challenge type \"%.64s\": dns-01, http-01, tls-alpn-01, dns-account-01, dns-persist-01", type);
}

/* What is no name at all is still an identifier that an authority refuses, and the verdict says why. */
static int read_odd_name(struct evidence *e, const char *domain, struct err *err)
{
	bool wildcard = strncmp(domain, "*.", 2) == 0;

	if (!*domain || strlen(domain) > DOMAIN_MAX)
		return err_set(err, ERR_INVALID, "the domain must have 1 to %d bytes", DOMAIN_MAX);
	e->wildcard = wildcard;
	e->identifier = evidence_escape(domain + (wildcard ? 2 : 0), strlen(domain + (wildcard ? 2 : 0)));
	return 0;
}

static bool is_address(const char *text)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* Only what a user may write in other ways is made equal: case, a final dot, an IDN. */
static int read_domain(struct check_run *r, const char *domain, struct err *err)
{
	char name[NAME_SIZE];
	struct err odd;

	if (is_address(domain)) {
		r->e->ip = true;
		r->e->identifier = mem_dup(domain);
		return 0;
	}
	if (name_identifier(domain, name, &r->e->wildcard, &odd) == 0) {
		r->e->identifier = mem_dup(name);
		return 0;
	}
	r->refused = true;
	return read_odd_name(r->e, domain, err);
}

static int read_fqdn(struct check_run *r, struct err *err)
{
	struct evidence *e = r->e;
	char fqdn[NAME_SIZE];
	int code;

	if (!r->dns || r->refused)
		return 0;
	code = name_of_record(e->type, e->identifier, e->account_uri, fqdn, err);
	if (code == 0)
		e->fqdn = mem_dup(fqdn);
	return code;
}

static int read_expected(struct check_run *r, const struct check_want *want, struct err *err)
{
	char value[SHA256_TEXT_SIZE];

	if (!r->dns) {
		if (want->value)
			return err_set(err, ERR_INVALID, "%s has no value; give the key authorization", r->e->type);
		r->e->token = mem_dup(want->token ? want->token : PROBE_TOKEN);
		r->e->expected = mem_dup(want->key_authorization);
		return 0;
	}
	r->e->token = mem_dup(want->token);
	if (want->value) {
		r->e->expected = mem_dup(want->value);
	} else if (want->key_authorization && !is_type(r, "dns-persist-01")) {
		crypto_dns01_value(want->key_authorization, value);
		r->e->expected = mem_dup(value);
	}
	return 0;
}

static bool is_token(const char *token)
{
	size_t length = strlen(token);

	return length >= 1 && length <= 512 &&
	       strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}

/* Special-use names that are answered here: no authority will ever be asked for them. */
static bool is_own(const struct check_run *r)
{
	const struct evidence *e = r->e;

	if (e->ip || r->refused)
		return false;
	return (!r->dns && name_is_below(e->identifier, "localhost")) || own_zone(r->c, e->fqdn ? e->fqdn : e->identifier);
}

static const char *thumbprint_of(const struct check_want *want)
{
	const char *dot = want->key_authorization ? strchr(want->key_authorization, '.') : NULL;

	return want->account_thumbprint ? want->account_thumbprint : dot && strlen(dot + 1) == 43 ? dot + 1 : NULL;
}

static int read_want(struct check_run *r, const struct check_want *want, struct err *err)
{
	struct evidence *e = r->e;
	struct err refused;

	r->dns = is_one_of(dns_types, want->type);
	if (!r->dns && !is_one_of(web_types, want->type))
		return bad_type(want->type, err);
	r->authority = checker_authority(r->c, want->authority);
	if (!r->authority)
		return err_set(err, ERR_INVALID, "there is no authority \"%.64s\"", want->authority);
	if (!want->domain)
		return err_set(err, ERR_INVALID, "the domain is missing");
	if (want->token && !is_token(want->token))
		return err_set(err, ERR_INVALID, "a token has 1 to 512 letters, digits, '-' or '_'");
	e->type = mem_dup(want->type);
	e->authority = mem_dup(r->authority->name);
	e->private = !want->quote;
	e->account_uri = mem_dup(want->account_uri);
	e->account_thumbprint = mem_dup(thumbprint_of(want));
	if (read_domain(r, want->domain, err) < 0 || read_fqdn(r, err) < 0 || read_expected(r, want, err) < 0)
		return err->code;
	if (is_own(r)) {
		e->own_zone = true;
		r->own = authority_for_own(r->authority);
		r->authority = &r->own;
	}
	r->refused = r->refused || identifier_check(e->identifier, e->wildcard, e->type, r->authority, &refused) < 0;
	return 0;
}

/* ---- the start ---- */

static void begin(void *arg)
{
	struct check_run *r = arg;

	run_replied(r);
}

int check_start(struct checker *c, const struct check_want *want, check_fn done, void *arg, struct check_run **ret, struct err *err)
{
	struct check_run *r;
	int64_t limit_ms = want->limit_ms ? want->limit_ms : c->config->check.limit_ms;
	bool view = c->parts.recursor && c->config->check.authority_view;

	if (resolve_check_open(c, err) < 0)
		return err->code;
	r = mem_new(1, sizeof(*r));
	*r = (struct check_run){ .c = c, .parts = want->parts, .poll = want->poll, .e = evidence_new(), .done = done, .arg = arg, .room = RUN_BYTES_MAX,
	                         .advance = run_advance, .view = view, .blind = !want->poll && !view };
	r->profiles = profiles_hold(c);
	DL_APPEND(c->runs, r);
	r->e->at_ms = loop_wall_ms(c->parts.loop);
	if (read_want(r, want, err) < 0) {
		run_free(r);
		return err->code;
	}
	known_take(r, want);
	if (r->e->fqdn && view)
		recursor_forget(c->parts.recursor, r->e->fqdn);
	r->limit = timer_start(c->parts.loop, limit_ms, on_limit, r);
	r->pending = 1;
	later(&c->laters, 0, begin, r);
	if (ret)
		*ret = r;
	return 0;
}

/* The clients are gone, and with them all replies but those of TLS connections. */
void runs_close(struct checker *c)
{
	struct check_run *r, *tmp;

	DL_FOREACH_SAFE(c->runs, r, tmp) {
		queries_cancel_web(r);
		if (r->over || r->pending || r->locate)
			continue; /* it is told below, by whatever it still waits for */
		run_end(r);
		run_settle(r);
	}
}

void check_cancel(struct check_run *r)
{
	forget_others(r);
	evidence_free(r->e);
	r->e = NULL;
	r->over = true;
	stop_timers(r);
	if (r->locate)
		locate_cancel(r->locate);
	r->locate = NULL;
	if (!r->pending) {
		r->pending = 1; /* what is on the stack may still use it */
		later(&r->c->laters, 0, begin, r);
	}
}
