/* Prints a verdict: first the result and the fixes, then the evidence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cli/check_report.h"
#include "solver/cli/cli.h"
#include "solver/dns/message.h"
#include "solver/verdict/network/delegated.h"
#include "solver/verdict/network/lookup.h"

#define SHOWN_MAX 100

/* ---- how it looks ---- */

static bool coloured(void)
{
	return isatty(STDOUT_FILENO);
}

static const char *paint(const char *code)
{
	return coloured() ? code : "";
}

#define BOLD paint("\033[1m")
#define FAINT paint("\033[2m")
#define GREEN paint("\033[1;32m")
#define RED paint("\033[1;31m")
#define YELLOW paint("\033[1;33m")
#define PLAIN paint("\033[0m")

static const char *result_colour(enum verdict_result result)
{
	switch (result) {
	case VERDICT_PASS: return GREEN;
	case VERDICT_FAIL: return RED;
	default: return YELLOW;
	}
}

const char *report_result(enum verdict_result result)
{
	static const char *const names[] = { [VERDICT_PASS] = "PASS", [VERDICT_FAIL] = "FAIL", [VERDICT_FLAKY] = "FLAKY",
	                                     [VERDICT_UNKNOWN] = "UNKNOWN" };

	return names[result];
}

static void heading(const char *text)
{
	printf("\n%s%s%s\n", BOLD, text, PLAIN);
}

/* Strangers wrote it: nothing of it may steer the terminal. Bytes of UTF-8 above ASCII do no harm in a sentence of ours. */
static void clean(const char *text, size_t max)
{
	size_t i = 0;

	for (; text[i] && i < max; i++)
		putchar((unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '.' : text[i]);
	if (text[i])
		fputs("…", stdout);
}

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

/* ---- 1 to 3: verdict, the authority's words, the stage; 13: what to do ---- */

static bool is_told_before(const struct verdict *v, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (v->findings[i].fix && strcmp(v->findings[i].fix, v->findings[at].fix) == 0)
			return true;
	return false;
}

/* Each advice once; returns how many there are. */
static size_t print_mends(const struct verdict *v, enum finding_severity severity)
{
	size_t count = 0;

	for (size_t i = 0; i < v->finding_count; i++) {
		if (v->findings[i].severity != severity || !v->findings[i].fix || is_told_before(v, i))
			continue;
		fputs("  → ", stdout);
		clean(v->findings[i].fix, 2000);
		putchar('\n');
		count++;
	}
	return count;
}

static void print_answer(const struct verdict *v)
{
	printf("%s%s%s  %s%s%s%s  %s at %s\n", result_colour(v->result), report_result(v->result), PLAIN, BOLD, v->wildcard ? "*." : "",
	       v->identifier, PLAIN, v->type, v->authority);
	fputs("  ", stdout);
	clean(or_dash(v->detail), 2000);
	putchar('\n');
	if (!print_mends(v, FINDING_ERROR) && v->result != VERDICT_PASS)
		print_mends(v, FINDING_WARNING);
	if (v->result == VERDICT_PASS)
		return;
	printf("  %sstage %s", FAINT, verdict_stage_name(v->stage));
	if (v->problem && (v->result == VERDICT_FAIL || v->result == VERDICT_FLAKY))
		printf(", urn:ietf:params:acme:error:%s", problem_type_name(v->problem));
	printf("%s\n", PLAIN);
}

/* Warnings beside a PASS: they may cause the next failure. */
static void print_warnings(const struct verdict *v)
{
	for (size_t i = 0; i < v->finding_count && v->result == VERDICT_PASS; i++) {
		const struct finding *f = &v->findings[i];

		if (f->severity != FINDING_WARNING)
			continue;
		printf("  %swarning%s  ", YELLOW, PLAIN);
		clean(f->text, 2000);
		putchar('\n');
		if (!f->fix || is_told_before(v, i))
			continue;
		fputs("  → ", stdout);
		clean(f->fix, 2000);
		putchar('\n');
	}
}

static void print_findings(const struct verdict *v)
{
	if (!v->finding_count)
		return;
	heading("Findings");
	for (size_t i = 0; i < v->finding_count; i++) {
		const struct finding *f = &v->findings[i];

		printf("  %s%-7s%s  ", f->severity == FINDING_ERROR ? RED : f->severity == FINDING_WARNING ? YELLOW : FAINT,
		       finding_severity_name(f->severity), PLAIN);
		clean(f->text, 2000);
		putchar('\n');
		if (f->fix && f->severity != FINDING_ERROR && !is_told_before(v, i)) {
			fputs("           → ", stdout);
			clean(f->fix, 2000);
			putchar('\n');
		}
	}
}

/* ---- 4, 7: what the authority's resolver gets ---- */

static bool is_name_server(const struct evidence *e, const char *name)
{
	for (size_t i = 0; i < e->answer_count; i++)
		if (e->answers[i].server && strcmp(e->answers[i].server, name) == 0)
			return true;
	return false;
}

static void print_records(const struct ev_answer *a)
{
	for (size_t i = 0; i < a->record_count && i < 12; i++) {
		const struct ev_record *r = &a->records[i];

		if (r->type == 46) /* RRSIG */
			continue;
		printf("      %s ", dns_type_name(r->type));
		clean(or_dash(r->data), SHOWN_MAX);
		putchar('\n');
	}
	if (a->record_count > 12)
		printf("      and %zu more\n", a->record_count - 12);
}

static const char *answer_status(const struct ev_answer *a)
{
	return a->failure ? a->failure : dns_rcode_name(a->rcode);
}

/* The answers that decide, and records at wrong names; questions that only found the servers are left out. */
static bool is_told(const struct evidence *e, const struct ev_answer *a)
{
	if (strcmp(or_dash(a->view), "authority") != 0)
		return false;
	if (a->type == DNS_TXT)
		return a->record_count || strcmp(a->name, or_dash(e->fqdn)) == 0;
	return !e->fqdn && (a->type == DNS_A || a->type == DNS_AAAA) && !is_name_server(e, a->name);
}

static void print_authority_view(const struct evidence *e)
{
	bool any = false;

	for (size_t i = 0; i < e->answer_count; i++) {
		const struct ev_answer *a = &e->answers[i];

		if (!is_told(e, a))
			continue;
		if (!any)
			heading("What the authority's resolver gets");
		any = true;
		printf("  %-4s  ", dns_type_name(a->type));
		clean(a->name, 253);
		printf("  %s", answer_status(a));
		if (!a->failure && !a->record_count)
			fputs(", no such record", stdout);
		printf("  %s%s %lld ms%s\n", FAINT, a->security ? a->security : "", (long long)a->elapsed_ms, PLAIN);
		if (a->final_name && strcasecmp(a->final_name, a->name) != 0)
			printf("      by CNAME at %s\n", a->final_name);
		if (a->why && *a->why) {
			fputs("      ", stdout);
			clean(a->why, 400);
			putchar('\n');
		}
		print_records(a);
	}
}

/* ---- 6: who is responsible, from the parent down ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that two lists that are equal look equal. */
static void print_name_servers(const struct ev_record *records, size_t count)
{
	const char *names[16];
	size_t found = 0;

	for (size_t i = 0; i < count && found < ARRAY_LEN(names); i++)
		if (records[i].type == DNS_NS)
			names[found++] = or_dash(records[i].data);
	qsort(names, found, sizeof(names[0]), by_text);
	for (size_t i = 0; i < found; i++)
		printf("%s%s", i ? ", " : "", names[i]);
	fputs(found ? "" : "none", stdout);
}

/* What the parent zone says of a zone; the servers of the zone were asked too. */
static bool is_referral(const struct ev_answer *a)
{
	return strcmp(or_dash(a->view), "direct") == 0 && a->type == DNS_NS && !a->failure && a->authority_count &&
	       strcmp(a->zone ? a->zone : "", a->name) != 0;
}

static void print_delegation(const struct evidence *e)
{
	const char *last = "";

	for (size_t i = 0; i < e->answer_count; i++) {
		const struct ev_answer *a = &e->answers[i], *child;

		if (!is_referral(a) || strcmp(a->name, last) == 0)
			continue;
		if (!*last)
			heading("Delegation");
		last = a->name;
		printf("  %s", a->name);
		printf("\n      at the parent %s: ", or_dash(a->zone && *a->zone ? a->zone : "(root)"));
		print_name_servers(a->authority, a->authority_count);
		child = evidence_authority(e, a->name, DNS_NS);
		if (child) {
			fputs("\n      at the zone itself: ", stdout);
			print_name_servers(child->records, child->record_count);
		}
		putchar('\n');
	}
}

/* ---- 5: the matrix of servers ---- */

static bool is_row(const struct evidence *e, const struct ev_answer *a)
{
	return strcmp(or_dash(a->view), "direct") == 0 && a->type == DNS_TXT && strcmp(or_dash(a->transport), "udp") == 0 &&
	       (!e->written_zone || !a->zone || strcmp(a->zone, e->written_zone) == 0) && /* its parent's were asked on the way */
	       strcmp(a->name, e->written_fqdn ? e->written_fqdn : or_dash(e->fqdn)) == 0;
}

/* What the same server answers over TCP, or NULL. */
static const struct ev_answer *over_tcp(const struct evidence *e, const struct ev_answer *a)
{
	for (size_t i = 0; i < e->answer_count; i++)
		if (strcmp(or_dash(e->answers[i].transport), "tcp") == 0 && strcmp(or_dash(e->answers[i].address), or_dash(a->address)) == 0)
			return &e->answers[i];
	return NULL;
}

static const char *value_text(const struct evidence *e, const struct ev_answer *a, char text[64])
{
	size_t values = 0, right = 0;

	for (size_t i = 0; i < a->record_count; i++) {
		if (a->records[i].type != DNS_TXT)
			continue;
		values++;
		right += e->expected && a->records[i].data && strcmp(a->records[i].data, e->expected) == 0;
	}
	if (a->failure)
		return "";
	if (!e->expected)
		snprintf(text, 64, "%zu value%s", values, values == 1 ? "" : "s");
	else if (right)
		return "our value";
	else
		snprintf(text, 64, values ? "%zu other value%s" : "no value", values, values == 1 ? "" : "s");
	return text;
}

static void matrix_row(const struct evidence *e, const struct ev_answer *a, struct table *t)
{
	const struct ev_answer *tcp = over_tcp(e, a);
	CLEANUP(mem_freep) char *serial = lookup_server_serial(e, a->zone, a->address);
	char udp_text[48], value[64], ttl[24] = "-";

	snprintf(udp_text, sizeof(udp_text), "%s %lld ms", answer_status(a), (long long)a->elapsed_ms);
	if (a->record_count)
		snprintf(ttl, sizeof(ttl), "%lld", (long long)a->records[0].ttl);
	table_row(t, (const char *const[]){ or_dash(a->server), or_dash(a->address), udp_text, tcp ? answer_status(tcp) : "-",
	          a->failure ? "-" : a->authoritative ? "yes" : "NO", a->failure ? "-" : a->edns ? "yes" : "no",
	          a->failure ? "-" : a->case_kept ? "kept" : "lost", or_dash(serial), ttl,
	          value_text(e, a, value), NULL });
}

static struct table *matrix_new(const struct evidence *e)
{
	static const char *const headings[] = { "server", "address", "udp", "tcp", "aa", "edns", "0x20", "serial", "ttl", "answer", NULL };

	heading(e->written_zone ? "Name servers, asked one by one" : "Name servers");
	if (e->written_fqdn)
		printf("  %s in zone %s%s%s\n", e->written_fqdn, or_dash(e->written_zone), e->provider ? ", provider " : "",
		       e->provider ? e->provider : "");
	return table_new(headings);
}

/* Name servers without an address. */
static struct table *print_unreachable(const struct evidence *e, struct table *t)
{
	const char *names[DELEGATED_MAX];
	size_t count = e->written_fqdn && e->written_zone ? delegated_names(e, e->written_zone, names) : 0;

	for (size_t i = 0; i < count; i++) {
		if (!delegated_lacks_address(e, e->written_zone, names[i]))
			continue;
		t = t ? t : matrix_new(e);
		table_row(t, (const char *const[]){ names[i], "none", "-", "-", "-", "-", "-", "-", "-", "", NULL });
	}
	return t;
}

static void print_servers(const struct evidence *e)
{
	struct table *t = NULL;

	for (size_t i = 0; i < e->answer_count; i++) {
		if (!is_row(e, &e->answers[i]))
			continue;
		t = t ? t : matrix_new(e);
		matrix_row(e, &e->answers[i], t);
	}
	t = print_unreachable(e, t);
	if (t)
		table_print_free(t);
}

/* ---- 8: HTTP ---- */

static void print_hop(const struct ev_hop *h, size_t number)
{
	printf("  %2zu  ", number);
	clean(or_dash(h->url), 160);
	printf("\n      at %s%s: ", or_dash(h->address), h->fallback ? " (IPv4 after a failed dial)" : "");
	if (h->failure)
		printf("%s", h->failure);
	else
		printf("%d", h->status);
	printf("  %s%lld ms%s", FAINT, (long long)h->elapsed_ms, PLAIN);
	if (h->location) {
		fputs("  Location: ", stdout);
		clean(h->location, SHOWN_MAX);
	} else if (!h->failure) {
		printf("  %lld bytes: \"", (long long)h->body_length);
		clean(or_dash(h->body), 90);
		putchar('"');
	}
	if (h->why && *h->why) {
		fputs("  ", stdout);
		clean(h->why, 200);
	}
	putchar('\n');
}

static void print_hops(const struct evidence *e)
{
	int64_t attempt = -1;
	size_t number = 0;

	if (e->hop_count)
		heading("HTTP, as the authority fetches it");
	for (size_t i = 0; i < e->hop_count; i++) {
		if (e->hops[i].attempt != attempt) {
			attempt = e->hops[i].attempt;
			number = 0;
			if (attempt)
				printf("  %sand when another address is drawn first:%s\n", FAINT, PLAIN);
		}
		print_hop(&e->hops[i], ++number);
	}
	for (size_t i = 0; i < e->certificate_count; i++) {
		const struct ev_certificate *c = &e->certificates[i];

		if (!i)
			heading("TLS-ALPN");
		printf("  %s  %s %s  %s\n", or_dash(c->address), or_dash(c->failure ? c->failure : c->tls_version), or_dash(c->alpn), or_dash(c->why));
	}
}

/* ---- 9: CAA ---- */

static void print_caa_set(const struct ev_answer *a, bool *decided)
{
	bool decides = !*decided && (a->failure || a->record_count || a->rcode > 3 || a->rcode == 2);
	size_t shown = 0;

	printf("  %-30s  ", a->name);
	for (size_t i = 0; i < a->record_count && shown < 8; i++) {
		if (a->records[i].type != DNS_CAA)
			continue;
		fputs(shown++ ? "\n                                  " : "", stdout);
		clean(or_dash(a->records[i].data), 200);
	}
	if (!shown)
		printf("%s", a->failure ? a->failure : a->rcode == DNS_NOERROR || a->rcode == DNS_NXDOMAIN ? "none" : dns_rcode_name(a->rcode));
	*decided |= decides;
	printf("%s%s%s\n", FAINT, decides ? "   ← decides" : "", PLAIN);
}

static void print_caa(const struct evidence *e)
{
	bool any = false, decided = false;

	for (const char *name = e->identifier; name && *name; name = strchr(name, '.') ? strchr(name, '.') + 1 : NULL) {
		const struct ev_answer *a = evidence_authority(e, name, DNS_CAA);

		if (!a)
			continue;
		if (!any)
			heading("CAA, from the name to the top");
		any = true;
		print_caa_set(a, &decided);
	}
}

/* ---- 10 to 12: perspectives, caches, budget ---- */

static void print_rest(const struct evidence *e)
{
	if (e->perspective_count)
		heading("Perspectives");
	for (size_t i = 0; i < e->perspective_count; i++) {
		const struct ev_perspective *p = &e->perspectives[i];

		printf("  %-14s %-8s %-4s %s  ", or_dash(p->code), or_dash(p->rir), or_dash(p->check),
		       !p->completed ? "not completed" : p->passed ? "passed" : "failed");
		clean(p->detail ? p->detail : "", 200);
		putchar('\n');
	}
	if (!e->budget.known)
		return;
	heading("Budget of failures");
	printf("  %lld of %lld in the last hour", (long long)e->budget.failures, (long long)e->budget.failures_limit);
	if (e->budget.wait_ms)
		printf("; the next attempt makes sense in %lld s", (long long)(e->budget.wait_ms + 999) / 1000);
	putchar('\n');
}

void report_print(const struct evidence *e, const struct verdict *v, bool brief)
{
	print_answer(v);
	if (brief) {
		print_warnings(v);
		return;
	}
	print_findings(v);
	print_authority_view(e);
	print_delegation(e);
	print_servers(e);
	print_hops(e);
	print_caa(e);
	print_rest(e);
}
