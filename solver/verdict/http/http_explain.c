#include "solver/verdict/http/http_explain.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/verdict/network/address.h"
#include "solver/verdict/data/body.h"
#include "solver/verdict/network/lookup.h"

#define SLOW_MS 3000 /* of the look-up of one family */

enum { NXDOMAIN = 3 };

struct explain {
	const struct evidence *e;
	const struct authority *a;
	const struct attempt *w;
	struct verdict *v;
	enum finding_severity severity;
};

/* Report a cause once for each address; report the same text only once. */
static void find(struct explain *x, enum finding_severity severity, const char *code, char *text, char *fix)
{
	for (size_t i = 0; i < x->v->finding_count; i++) {
		if (strcmp(x->v->findings[i].code, code) == 0 && strcmp(x->v->findings[i].text, text) == 0) {
			free(text);
			free(fix);
			return;
		}
	}
	verdict_add_finding(x->v, severity, x->w->stage == STAGE_LOOKUP ? STAGE_LOOKUP : STAGE_VALIDATION, code, text, fix);
}

/* The sentence and the fix of each reason. {address}, {port}, {host} and {target} in the fix are filled in. */
static const struct sentence {
	const char *code, *text, *fix;
} sentences[] = {
	{ "redirect-count", "the redirects do not end, or there are too many", "Lead the challenge path to its answer with fewer redirects" },
	{ "redirect-status", "this redirect has a status that authorities do not follow (303)", "Redirect with status 301, 302, 307 or 308" },
	{ "redirect-scheme", "the redirect leads neither to http nor to https", "Redirect the challenge path to an http or https URL" },
	{ "redirect-port", "the redirect leads to another port than 80 and 443", "Redirect to port 80 (http) or 443 (https), or answer on port 80 without a redirect" },
	{ "redirect-host-empty", "the redirect names no host", "Write the host name into the redirect" },
	{ "redirect-slash", "a slash is missing between host and path of the redirect", "End the target of the redirect with a slash: \"https://NAME/\", not \"https://NAME\"" },
	{ "redirect-address", "the redirect leads to an address that is not public", "Redirect to a public host name" },
	{ "redirect-suffix", "the redirect leads to a name that does not exist in the public DNS", "Redirect to a public host name" },
	{ "redirect-path", "the path of the redirect is too long", "Redirect to a path of at most 2000 bytes" },
	{ "redirect-loop", "the redirects come back to a URL that was asked before", "Take the challenge path out of the redirect: serve /.well-known/acme-challenge/ where it is asked for first" },
	{ "redirect-unreadable", "the Location of the redirect is no URL", "Send a valid absolute URL as Location" },
	{ "redirect-unresolved", "the name in the redirect has no usable address", "Give {target} a public address (A or AAAA record), or redirect to another name" },
	{ "connect-timeout", "no answer to the connection request: a firewall drops it, or no host has this address", "Open port {port} of {address} in every firewall on the way, for the whole world" },
	{ "connect-refused", "no server listens on this port", "Have a web server listen on {address} port {port}" },
	{ "connect-unreachable", "there is no route to this address", "Correct the address record of {host}, or the routing to {address}" },
	{ "attempt-too-slow", "the attempt took longer than the authority waits", "Make the web server at {address} answer within a few seconds" },
	{ "no-answer", "the connection was accepted but no answer came in time", "Make the web server at {address} answer the challenge path within a few seconds" },
	{ "connection-reset", "the connection was reset after it was accepted, often by a firewall that looks into requests", "Let requests for /.well-known/acme-challenge/ at {address} pass the firewall" },
	{ "connection-closed", "the connection was closed without an answer", "Have a web server answer plain HTTP on port 80 and HTTPS on port 443: {address} port {port} closes without an answer" },
	{ "head-cut", "the answer ends, or grows too long, within its header", "Send the whole answer, with a short header: {address} port {port} breaks off within it" },
	{ "no-http", "what answers here does not speak HTTP", "Have a web server answer plain HTTP on port 80 of {address}" },
	{ "header-long", "the header of the answer is too long", "Answer with a short header: a few lines, each far below 64 kB" },
	{ "header-length", "the answer has a wrong Content-Length", "Send the right Content-Length, or none" },
	{ "http2", "the server speaks only HTTP/2 where HTTP/1.1 is asked", "Switch HTTP/2 off on port 80" },
	{ "plain-http-on-443", "plain HTTP is spoken on the https port", "Configure TLS on port 443, or do not redirect to https" },
	{ "tls-old", "the https server speaks no TLS 1.2", "Switch TLS 1.2 and 1.3 on" },
	{ "tls-cipher", "the https server has no cipher suite, curve or certificate in common with an authority", "Offer TLS 1.3, or TLS 1.2 with ECDHE and AES-GCM, or do not redirect to https" },
	{ "no-tls", "what answers on the https port speaks no TLS", "Configure TLS on port 443, or do not redirect to https" },
	{ "tls-failed", "the https server refused the TLS connection", "Configure a certificate (any will do) for this name, or do not redirect to https" },
	{ "bad-head", "an authority refuses this answer, which breaks the rules of HTTP", "Correct the head of the answer: the web server, or a program or proxy behind it, writes it" },
	{ "bad-body", "an authority cannot read the body of the answer", "Send the key authorization as plain text with its Content-Length, and without Content-Encoding" },
	{ "body-endless", "the answer began, but its end did not come in time", "Send the whole key authorization with its Content-Length, and do not wait" },
	{ "body-short", "the answer broke off", "Send the whole key authorization with the right Content-Length" },
	{ "body-long", "the answer is too long for a key authorization", "Answer with the key authorization and nothing else" },
};

/* Why the authority refuses the response. */
static char *refused_because(const struct ev_hop *hop)
{
	bool refused = hop && hop->failure && hop->why && strncmp(hop->failure, "bad-", strlen("bad-")) == 0;

	return refused ? mem_printf(" (%s)", hop->why) : mem_dup("");
}

/* The host of a redirect, as it is written there; the host that was asked without one. */
static char *target_host(const struct ev_hop *hop)
{
	const char *at = hop->location ? strstr(hop->location, "//") : NULL;

	return at ? mem_dup_n(at + 2, strcspn(at + 2, "/:?#")) : mem_dup(hop->host);
}

static char *fill(const char *template, const struct ev_hop *hop)
{
	struct buf out = BUF_INIT(4096);
	CLEANUP(mem_freep) char *target = target_host(hop);
	const char *const words[][2] = { { "{address}", hop->address }, { "{port}", strncmp(hop->url, "https:", 6) == 0 ? "443" : "80" },
		{ "{host}", hop->host }, { "{target}", target } };

	while (*template) {
		size_t i = 0;

		while (i < ARRAY_LEN(words) && strncmp(template, words[i][0], strlen(words[i][0])) != 0)
			i++;
		if (i < ARRAY_LEN(words))
			buf_add_text(&out, words[i][1]);
		else
			buf_add(&out, template, 1);
		template += i < ARRAY_LEN(words) ? strlen(words[i][0]) : 1;
	}
	return buf_take(&out);
}

static bool has_several(const struct explain *x, const char *host)
{
	const struct ev_answer *v4 = evidence_authority(x->e, host, TYPE_A), *v6 = evidence_authority(x->e, host, TYPE_AAAA);

	return (v4 ? v4->record_count : 0) + (v6 ? v6->record_count : 0) > 1;
}

/* When the host has several addresses, the fix names the one that it is about. Takes `fix`. */
static char *at_address(const struct explain *x, char *fix)
{
	const struct ev_hop *hop = x->w->last;
	char *longer;

	if (!hop || !has_several(x, hop->host) || strstr(fix, hop->address))
		return fix;
	longer = mem_printf("%s (at %s)", fix, hop->address);
	free(fix);
	return longer;
}

/* A response that the client does not accept as HTTP may only have a header that is too long or contradicts itself. */
static const char *closer_code(const struct explain *x, const char *code)
{
	const char *why = x->w->last->why ? x->w->last->why : "";

	if (strcmp(code, "connection-closed") == 0 && strstr(why, "within its head"))
		return "head-cut";
	if (strcmp(code, "no-http") != 0)
		return code;
	if (strstr(why, "longer than") || strstr(why, "Out of memory")) /* a line that outgrows curl's buffer */
		return "header-long";
	return strstr(why, "Content-Length") ? "header-length" : code;
}

static void explain_code(struct explain *x, const char *code)
{
	CLEANUP(mem_freep) char *because = refused_because(x->w->last);
	const char *where = x->w->target ? x->w->target : x->w->last->url;

	code = closer_code(x, code);
	for (size_t i = 0; i < ARRAY_LEN(sentences); i++)
		if (strcmp(sentences[i].code, code) == 0)
			find(x, FINDING_ERROR, sentences[i].code, mem_printf("%s at %s: %s%s", where, x->w->last->address, sentences[i].text, because),
			     at_address(x, fill(sentences[i].fix, x->w->last)));
}

/* ---- who answers there ---- */

static bool holds(const char *text, const char *word)
{
	return text && strcasestr(text, word) != NULL;
}

static const char *first_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (holds(text, *words))
			return *words;
	return NULL;
}

static void explain_server(struct explain *x, const struct ev_hop *hop)
{
	static const char *const routers[] = { "micro_httpd", "mini_httpd", "GoAhead", "RomPager", "Boa/", "uhttpd", "Virata", "Allegro",
		"DD-WRT", "RouterOS", "mikrotik", "FRITZ!Box", "TP-LINK", "ZyXEL", "NETGEAR", "Embedthis", "DrayTek", "SonicWALL", "thttpd", NULL };
	static const char *const fronts[] = { "cloudflare", "AkamaiGHost", "CloudFront", "Sucuri", "imperva", "incapsula", "awselb", "BigIP",
		"ddos-guard", "Varnish", "fastly", "Azure", NULL };
	const char *router = first_of(hop->server, routers), *front = first_of(hop->server, fronts);

	if (router)
		find(x, x->severity, "router-page",
		     mem_printf("%s answers as \"%s\": that is a router or a device, not the web server", hop->address, hop->server),
		     mem_printf("Forward port 80 of %s to the web server, and move the device's own pages elsewhere", hop->address));
	if (front && (hop->status == 401 || hop->status == 403 || hop->status == 429 || hop->status == 503))
		find(x, x->severity, "front-refuses", mem_printf("%s (\"%s\") answers %d before the web server is asked", hop->address, hop->server, hop->status),
		     mem_dup("Let requests for /.well-known/acme-challenge/ pass the CDN or firewall, whatever their user agent and country"));
	if (holds(hop->body, "aes.js") && holds(hop->body, "toNumbers("))
		find(x, x->severity, "cookie-test", mem_printf("%s answers with a cookie test for browsers, which an authority cannot pass", hop->address),
		     mem_dup("Take /.well-known/acme-challenge/ out of the cookie test"));
}

bool http_is_page(const struct ev_hop *hop)
{
	const char *body = hop->body ? hop->body : "";

	while (*body == ' ' || strncmp(body, "\\010", 4) == 0 || strncmp(body, "\\013", 4) == 0 || strncmp(body, "\\009", 4) == 0)
		body += *body == ' ' ? 1 : 4;
	return strncasecmp(body, "<!doctype", 9) == 0 || strncasecmp(body, "<html", 5) == 0 || strncasecmp(body, "<head", 5) == 0 ||
	       strncasecmp(body, "<?xml", 5) == 0;
}

static void explain_status(struct explain *x, const struct ev_hop *hop)
{
	CLEANUP(mem_freep) char *serve = mem_printf("Serve the key authorization at %s with status 200", hop->url);
	const char *fix = serve;

	if (hop->status == 401 || hop->status == 403)
		fix = "Let everybody read /.well-known/acme-challenge/, without a password and whatever their address and user agent";
	else if (hop->status >= 500)
		fix = "Mend the web server's error, or serve /.well-known/acme-challenge/ past the application";
	else if (hop->status >= 300 && hop->status < 400)
		fix = "Send a Location with the redirect, or the key authorization with status 200";
	find(x, FINDING_ERROR, "status", mem_printf("%s at %s answers with status %d", hop->url, hop->address, hop->status),
	     at_address(x, mem_dup(fix)));
}

/* ---- what is in the body ---- */

static bool starts(const struct body *b, const char *text)
{
	size_t length = strlen(text);

	return length && b->kept >= length && memcmp(b->start, text, length) == 0;
}

/* The most specific rows come first; the first row that matches is the cause. */
static const char *body_cause(const struct explain *x, const struct ev_hop *hop, const struct body *b, const char **ret_fix)
{
	const char *expected = x->e->expected, *token = x->e->token ? x->e->token : "";
	size_t skip = body_mark(b) ? body_mark(b) : body_leading_space(b), length = strlen(expected);
	bool encoded = hop->encoding && *hop->encoding && strcasecmp(hop->encoding, "identity") != 0 && strcasecmp(hop->encoding, "gzip") != 0;
	bool behind = skip && b->kept >= skip + length && memcmp(b->start + skip, expected, length) == 0;

	*ret_fix = "Answer with the key authorization and nothing else";
	if (http_is_page(hop)) {
		*ret_fix = "Exclude /.well-known/acme-challenge/ from the page that is shown for every unknown path";
		return "a page for people is shown whatever path is asked";
	}
	if (b->kept == 0)
		return "the answer is empty";
	if (encoded) {
		*ret_fix = "Send the key authorization without Content-Encoding: an authority decodes gzip only";
		return "the answer has a Content-Encoding that an authority does not decode";
	}
	if (body_mark(b)) {
		*ret_fix = "Save the file without a byte order mark, as ASCII";
		return "the answer begins with a byte order mark";
	}
	if (behind) {
		*ret_fix = "Answer with the key authorization without white space before it";
		return "white space stands before the key authorization";
	}
	if (b->kept == strlen(token) && starts(b, token)) {
		*ret_fix = "Answer with TOKEN.THUMBPRINT, not with the token alone";
		return "the answer is the token without the account's thumbprint";
	}
	if (starts(b, token) && b->kept > strlen(token) && b->start[strlen(token)] == '.' && *token) {
		if (b->kept > length && starts(b, expected))
			return "something follows the key authorization";
		*ret_fix = "Answer with the key authorization of the account that made this order";
		return "the thumbprint is another account's";
	}
	if (b->start[0] == '"') {
		*ret_fix = "Answer with the key authorization without quotes around it";
		return "the key authorization is in quotes";
	}
	*ret_fix = "Publish the key authorization of this order, and remove what an earlier one left";
	return "the answer is another text";
}

static void explain_body(struct explain *x, const struct ev_hop *hop)
{
	struct body b;
	const char *cause, *fix;
	CLEANUP(mem_freep) char *difference = NULL;

	body_read(hop, x->a, &b);
	difference = x->e->private ? body_digest(b.start, b.kept) : body_difference(&b, x->e->expected);
	cause = body_cause(x, hop, &b, &fix);
	find(x, FINDING_ERROR, http_is_page(hop) ? "catch-all-page" : "body-differs",
	     mem_printf("%s at %s: %s (%s)", hop->url, hop->address, cause, difference), at_address(x, mem_dup(fix)));
	body_done(&b);
}

/* ---- addresses ---- */

static const char *other_family(const struct explain *x, const struct ev_hop *hop)
{
	const struct ev_answer *v4 = evidence_authority(x->e, hop->host, TYPE_A);

	for (size_t i = 0; address_is_v6(hop->address) && v4 && i < v4->record_count; i++)
		if (v4->records[i].type == TYPE_A)
			return v4->records[i].data;
	return NULL;
}

static void tell_family(struct explain *x, enum finding_severity severity, const struct ev_hop *hop, const char *what)
{
	const char *v4 = other_family(x, hop);

	if (v4)
		find(x, severity, "stale-aaaa", mem_printf("the IPv6 address %s of %s %s", hop->address, hop->host, what),
		     mem_printf("Make %s (IPv6) answer as %s does, or remove the AAAA record of %s", hop->address, v4, hop->host));
}

/* An IPv6 address that refuses connections costs time, and the attempt starts again at the first URL. */
static void tell_dead_family(struct explain *x, enum finding_severity severity)
{
	for (size_t i = 0; i < x->e->hop_count; i++)
		if (hop_dial_failed(&x->e->hops[i]) && x->e->hops[i].attempt == x->w->last->attempt)
			tell_family(x, severity, &x->e->hops[i], "takes no connection; the authority loses time before it asks IPv4, and begins anew there");
}

/* Whether the name servers leave questions for AAAA of the host unanswered and answer those for A. */
static bool tell_dropped_family(struct explain *x)
{
	const char *host = x->w->last->host;
	const struct ev_answer *v4 = evidence_authority(x->e, host, TYPE_A), *v6 = evidence_authority(x->e, host, TYPE_AAAA);
	bool dropped = v4 && v6 && !v4->failure && v4->elapsed_ms < SLOW_MS && v6->elapsed_ms > SLOW_MS && (v6->failure || v6->rcode);

	if (dropped)
		find(x, FINDING_ERROR, "aaaa-dropped", mem_printf("the name servers of %s answer A queries, but not AAAA queries", host),
		     mem_printf("Make the name servers of %s answer AAAA queries too (an empty answer is fine)", host));
	return dropped;
}

/* The authority asks the IPv6 address first, and its response counts. The address is also the cause when the time runs out or the second start fails. */
static void explain_family(struct explain *x, const char *code)
{
	static const char *const late[] = { "redirect-loop", "connect-timeout", "attempt-too-slow", "no-answer" };

	tell_family(x, FINDING_ERROR, x->w->last, "is asked first, and what it answers counts");
	for (size_t i = 0; i < ARRAY_LEN(late); i++)
		if (strcmp(code, late[i]) == 0)
			tell_dead_family(x, FINDING_ERROR);
}

/* Why a host has no address: a failed look-up does not prove that there are no records. */
static char *address_mend(const struct explain *x)
{
	const char *name = x->e->identifier;
	const struct ev_answer *found[] = { evidence_authority(x->e, name, TYPE_A), evidence_authority(x->e, name, TYPE_AAAA) };

	for (size_t i = 0; i < 2; i++) {
		if (found[i] && found[i]->security && strcmp(found[i]->security, "bogus") == 0)
			return NULL; /* DNSSEC is told by itself */
		if (found[i] && lookup_blind(found[i]))
			return lookup_blind_fix();
		if (found[i] && (found[i]->failure || (found[i]->rcode != 0 && found[i]->rcode != NXDOMAIN)))
			return mem_printf("Make the name servers of %s answer A and AAAA queries, over UDP and TCP, within a second", name);
	}
	return mem_printf("Add an A or AAAA record for %s", name);
}

static void explain_no_address(struct explain *x, const char *code)
{
	if (strcmp(code, "address-withheld") == 0)
		find(x, FINDING_ERROR, "address-withheld", mem_dup(x->w->detail),
		     mem_printf("Name the network of this address under check.allow-addresses, if dcvd may connect to it for %s", x->e->identifier));
	else if (strcmp(code, "address-reserved") == 0)
		find(x, FINDING_ERROR, "address-reserved", mem_printf("every address of %s is private or reserved", x->e->identifier),
		     mem_printf("Give %s a public address, or use dns-01", x->e->identifier));
	else
		find(x, FINDING_ERROR, "address-missing", mem_printf("%s has no address: %s", x->e->identifier, x->w->detail),
		     address_mend(x));
}

void http_explain(const struct evidence *e, const struct authority *a, const struct attempt *w, const char *code, struct verdict *v)
{
	struct explain x = { e, a, w, v, FINDING_ERROR };

	if (strncmp(code, "address-", strlen("address-")) == 0)
		explain_no_address(&x, code);
	if (!w->last)
		return;
	explain_family(&x, code);
	if (strcmp(code, "status") == 0)
		explain_status(&x, w->last);
	else if (strcmp(code, "body-differs") == 0 || (strcmp(code, "body-long") == 0 && http_is_page(w->last)))
		explain_body(&x, w->last);
	else
		explain_code(&x, code);
	explain_server(&x, w->last);
}

/* ---- of what passed ---- */

/* So slow that the authority may give up, which decides the verdict: an error. */
static void explain_slow(struct explain *x)
{
	size_t before = x->v->finding_count;

	if (!tell_dropped_family(x))
		tell_dead_family(x, FINDING_ERROR);
	find(x, FINDING_ERROR, "slow", mem_printf("%s took %lld ms; perspectives elsewhere may need longer and run out of time", x->w->last->address,
	     (long long)x->w->elapsed_ms),
	     x->v->finding_count > before ? NULL : mem_printf("Make the web server at %s answer within a few seconds", x->w->last->address));
}

void http_warn(const struct evidence *e, const struct authority *a, const struct attempt *w, struct verdict *v)
{
	struct explain x = { e, a, w, v, FINDING_WARNING };
	const struct ev_hop *hop = w->last;

	if (a->redirects_promised > 0 && w->redirects > a->redirects_promised)
		find(&x, FINDING_WARNING, "redirect-count",
		     mem_printf("%s leads through %lld redirects; %lld are promised to work", e->identifier, (long long)w->redirects,
		                (long long)a->redirects_promised),
		     mem_dup("Lead the challenge path to its answer with fewer redirects"));
	if (a->flaky_ms > 0 && w->elapsed_ms > a->flaky_ms)
		explain_slow(&x);
	else
		tell_dead_family(&x, FINDING_WARNING);
	if (!e->expected && hop->status == 200 && http_is_page(hop))
		find(&x, FINDING_WARNING, "catch-all-page", mem_printf("%s at %s shows a page for people whatever path is asked", hop->url, hop->address),
		     mem_dup("Exclude /.well-known/acme-challenge/ from the page that is shown for every unknown path"));
	if (!e->expected && (hop->status == 401 || hop->status == 403 || hop->status >= 500))
		find(&x, FINDING_WARNING, "status", mem_printf("%s at %s answers with status %d; a challenge may be refused too", hop->url, hop->address, hop->status),
		     mem_dup("Let everybody read /.well-known/acme-challenge/"));
	if (!e->expected)
		explain_server(&x, hop);
}
