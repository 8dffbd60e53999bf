/* What the challenge type itself needs in the authority's view, and CAA. */
#include <string.h>

#include "solver/check/run.h"
#include "solver/dns/message.h"
#include "solver/dns/name.h"
#include "solver/net/interface.h"

#define CERTIFICATES_MAX 16

/* Addresses of a host, by whichever view there is; false while they are not known. */
static bool want_addresses(struct check_run *r, const char *host)
{
	const struct ev_answer *a, *aaaa;
	bool blind;

	if (r->poll && !run_have(r, host, DNS_A))
		run_query_addresses(r, host);
	if (r->poll)
		return run_have(r, host, DNS_A);
	a = run_want(r, host, DNS_A);
	aaaa = run_want(r, host, DNS_AAAA);
	blind = r->blind && (!a || a->failure) && (!aaaa || aaaa->failure);
	if (blind && (!r->view || (a && aaaa)))
		run_query_addresses(r, host);
	return a && aaaa;
}

/* ---- http-01 ---- */

static void attempt_go_on(struct check_run *r, size_t attempt)
{
	struct http_next next;

	if (run_attempt_is_busy(r, attempt))
		return;
	http_attempt_next(r->e, r->authority, attempt, &next);
	if (next.want == HTTP_RESOLVE)
		want_addresses(r, next.host);
	else if (next.want == HTTP_FETCH)
		run_fetch_hop(r, attempt, &next);
}

static void http_step(struct check_run *r)
{
	size_t numbers[HTTP_ATTEMPTS_MAX], attempts;

	if (!r->e->ip && !want_addresses(r, r->e->identifier))
		return;
	attempts = http_attempt_numbers(r->e, r->authority, numbers);
	for (size_t i = 0; i < attempts; i++)
		attempt_go_on(r, numbers[i]);
}

/* ---- tls-alpn-01 ---- */

static void certificates_of(struct check_run *r, int type)
{
	char addresses[CERTIFICATES_MAX][64];
	size_t count = 0;

	for (size_t i = 0; i < r->e->answer_count; i++) {
		const struct ev_answer *a = &r->e->answers[i];

		for (size_t k = 0; k < a->record_count && a->type == type && strcmp(a->name, r->e->identifier) == 0; k++) {
			if (a->records[k].type != type || count == CERTIFICATES_MAX || address_is_reserved(a->records[k].data))
				continue;
			snprintf(addresses[count++], 64, "%s", a->records[k].data);
		}
	}
	for (size_t i = 0; i < count; i++)
		run_fetch_certificate(r, addresses[i]);
}

static void tls_alpn_step(struct check_run *r)
{
	if (r->e->ip) {
		run_fetch_certificate(r, r->e->identifier);
		return;
	}
	if (!want_addresses(r, r->e->identifier))
		return;
	certificates_of(r, DNS_AAAA);
	certificates_of(r, DNS_A);
}

/* Behind NAT the way from inside differs from everybody else's. */
static void note_inside(struct check_run *r)
{
	for (size_t i = 0; i < r->e->hop_count && !r->e->inside; i++)
		r->e->inside = interface_has(r->e->hops[i].address);
	for (size_t i = 0; i < r->e->certificate_count && !r->e->inside; i++)
		r->e->inside = interface_has(r->e->certificates[i].address);
}

/* ---- CAA (RFC 8659): the name and every ancestor, at once ---- */

static void caa_step(struct check_run *r)
{
	if (r->e->ip || !r->authority->caa)
		return;
	for (const char *name = r->e->identifier; name; name = name_parent(name))
		run_want(r, name, DNS_CAA);
}

/* An authority looks the name up before it evaluates CAA; asked at once, one question would teach the resolver how slow the
 * servers are, and the other would come out faster than it does for the authority. */
static bool is_looked_up(const struct check_run *r)
{
	if (!run_wants(r, CHECK_VALIDATION) || r->e->own_zone || r->blind)
		return true;
	if (r->dns)
		return run_have(r, r->e->fqdn, DNS_TXT);
	return run_have(r, r->e->identifier, DNS_A) && run_have(r, r->e->identifier, DNS_AAAA);
}

void validation_step(struct check_run *r)
{
	if (run_wants(r, CHECK_CAA) && !r->e->own_zone && is_looked_up(r))
		caa_step(r);
	if (!run_wants(r, CHECK_VALIDATION))
		return;
	if (r->dns) {
		if (!r->e->own_zone)
			run_want(r, r->e->fqdn, DNS_TXT);
	} else if (strcmp(r->e->type, "http-01") == 0) {
		http_step(r);
		note_inside(r);
	} else {
		tls_alpn_step(r);
		note_inside(r);
	}
}
