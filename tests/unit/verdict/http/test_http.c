#include "tests/unit/verdict/world.h"

#define PAGE(...) { FIRST, NULL, __VA_ARGS__ }
#define SPACES40 "                                        "
#define HOP(n) "http://" NAME "/hop" #n
#define TO(n) NULL, 302, .location = "/hop" #n

static const struct row {
	const char *id, *code;
	struct world_name names[3];
	struct world_page pages[16];
	enum verdict_result result;
	enum problem_type problem;
	const char *detail;
} rows[] = {
	{ "H01", NULL, { { NAME, V4 } }, { PAGE(200, .body = KEY) }, VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H02", NULL, { { NAME, V4 } }, { PAGE(200, .body = KEY "\\013\\010", .body_length = 89) }, VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H03", NULL, { { NAME, V4 } }, { PAGE(200, .body = KEY " ") }, VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H03 no-break space", NULL, { { NAME, V4 } }, { PAGE(200, .body = KEY "\\194\\160", .body_length = 89) }, VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H04", "body-differs", { { NAME, V4 } }, { PAGE(200, .body = "\\010" KEY, .body_length = 88) }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED,
	  "The key authorization file from the server did not match this challenge. Expected \"" KEY "\" (got \"\\n" KEY "\")" },
	{ "H05 mark", "body-differs", { { NAME, V4 } }, { PAGE(200, .body = "\\239\\187\\191" KEY, .body_length = 90) }, VERDICT_FAIL,
	  PROBLEM_UNAUTHORIZED, "(got \"\\ufeff" KEY "\")" },
	{ "H06", "status", { { NAME, V4 } }, { PAGE(404, .body = "no") }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, V4 ": Invalid response from " FIRST ": 404" },
	{ "H07", "status", { { NAME, V4 } }, { PAGE(201, .body = KEY) }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, ": 201" },
	{ "H08", NULL, { { NAME, V4 } }, { PAGE(200, .body = KEY SPACES40, .body_length = 127) }, VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H09", "body-long", { { NAME, V4 } }, { PAGE(200, .body = KEY SPACES40 " ", .body_length = 128) }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED,
	  "Invalid response from " FIRST ": \"" KEY },
	{ "H10", "body-differs", { { NAME, V4 } }, { PAGE(200, .body = TOKEN) }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "(got \"" TOKEN "\")" },
	{ "H11", "catch-all-page", { { NAME, V4 } }, { PAGE(200, .body = "<html>hi</html>") }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "did not match" },
	{ "H12", "catch-all-page", { { NAME, V4 } }, { PAGE(200, .body = "<!DOCTYPE html><html>", .body_length = 5000) }, VERDICT_FAIL,
	  PROBLEM_UNAUTHORIZED, "Invalid response from" },
	{ "H14.301", NULL, { { NAME, V4 } }, { PAGE(301, .location = "/a"), { "http://" NAME "/a", NULL, 200, .body = KEY } }, VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H14.303", "redirect-status", { { NAME, V4 } }, { PAGE(303, .location = "/a") }, VERDICT_FAIL, PROBLEM_CONNECTION,
	  V4 ": Fetching /a: received disallowed redirect status code" },
	{ "H14.308", NULL, { { NAME, V4 } }, { PAGE(308, .location = "/a"), { "http://" NAME "/a", NULL, 200, .body = KEY } }, VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H15", NULL, { { NAME, V4 } }, { PAGE(302, .location = "https://" NAME "/x"), { "https://" NAME "/x", NULL, 200, .body = KEY } }, VERDICT_PASS,
	  PROBLEM_NONE, NULL },
	{ "H16", "redirect-port", { { NAME, V4 } }, { PAGE(302, .location = "http://" NAME ":8080/x") }, VERDICT_FAIL, PROBLEM_CONNECTION,
	  "Invalid port in redirect target. Only ports 80 and 443 are supported, not 8080" },
	{ "H17", NULL, { { NAME, V4 } }, { PAGE(302, .location = "https://" NAME ":443/x"), { "https://" NAME ":443/x", NULL, 200, .body = KEY } },
	  VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H18", NULL, { { NAME, V4 } }, { PAGE(302, .location = "http://" V4B "/x"), { "http://" V4B "/x", V4B, 200, .body = KEY } }, VERDICT_PASS,
	  PROBLEM_NONE, NULL },
	{ "H19", "redirect-address", { { NAME, V4 } }, { PAGE(302, .location = "http://10.0.0.1/x") }, VERDICT_FAIL, PROBLEM_CONNECTION,
	  "Invalid host in redirect target: IP address is in a reserved address block: [RFC1918]: Private-Use" },
	{ "H20", "redirect-scheme", { { NAME, V4 } }, { PAGE(302, .location = "ftp://" NAME "/x") }, VERDICT_FAIL, PROBLEM_CONNECTION,
	  "Only \"http\" and \"https\" protocol schemes are supported, not \"ftp\"" },
	{ "H22", "redirect-loop", { { NAME, V4 } }, { PAGE(302, .location = "/a"), { "http://" NAME "/a", NULL, 302, .location = PATH } }, VERDICT_FAIL,
	  PROBLEM_CONNECTION, "Redirect loop detected" },
	{ "H23", "redirect-slash", { { NAME, V4 } }, { PAGE(301, .location = "http://" NAME ".well-known/acme-challenge/x") }, VERDICT_FAIL,
	  PROBLEM_CONNECTION, "Check webserver config for missing '/' in redirect target." },
	{ "H24 scoped", "redirect-address", { { NAME, V4 } }, { PAGE(302, .location = "http://[2606:2800::1%25eth0]/x") }, VERDICT_FAIL, PROBLEM_CONNECTION,
	  "contains scope zone" },
	{ "H27", NULL, { { NAME, V4 } }, { PAGE(302, .location = "HTTP://WWW.EXAMPLE.ORG/x"), { "http://" NAME "/x", NULL, 200, .body = KEY } },
	  VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H28", NULL, { { NAME, V4 } }, { PAGE(302, .location = "x?y"), { "http://" NAME "/.well-known/acme-challenge/x?y", NULL, 200, .body = KEY } },
	  VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H29", "status", { { NAME, V4 } }, { PAGE(302) }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, ": 302" },
	{ "304", "status", { { NAME, V4 } }, { PAGE(304, .location = "/x") }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, ": 304" },
	{ "H30", "redirect-unresolved", { { NAME, V4 } }, { PAGE(302, .location = "http://gone.example.org/x") }, VERDICT_FAIL, PROBLEM_DNS,
	  "DNS problem: NXDOMAIN looking up A for gone.example.org - check that a DNS record exists for this domain; DNS problem: NXDOMAIN" },
	{ "no suffix", "redirect-suffix", { { NAME, V4 } }, { PAGE(302, .location = "http://intranet.corp/x") }, VERDICT_FAIL, PROBLEM_CONNECTION,
	  "Invalid host in redirect target, must end in IANA registered TLD" },
	{ "no host", "redirect-host-empty", { { NAME, V4 } }, { PAGE(302, .location = "http:///x") }, VERDICT_FAIL, PROBLEM_CONNECTION,
	  "Invalid empty host in redirect target" },
	{ "user-info, fragment", NULL, { { NAME, V4 } }, { PAGE(302, .location = "http://u:p@" NAME "/x#y"), { "http://u:p@" NAME "/x", NULL, 200, .body = KEY } },
	  VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "unreadable", "redirect-unreadable", { { NAME, V4 } }, { PAGE(302, .location = "http://" NAME "/%zz") }, VERDICT_FAIL, PROBLEM_CONNECTION,
	  "Error getting validation data" },
	{ "H32", NULL, { { NAME, V4, V6 } }, { { FIRST, V6, .failure = "connect-refused" }, { FIRST, V4, 200, .body = KEY } }, VERDICT_PASS, PROBLEM_NONE, V4 },
	{ "H33", "stale-aaaa", { { NAME, V4, V6 } }, { { FIRST, V6, 404 }, { FIRST, V4, 200, .body = KEY } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, V6 },
	{ "H34", "connect-refused", { { NAME, NULL, V6 } }, { { NULL } }, VERDICT_FAIL, PROBLEM_CONNECTION, V6 ": Fetching " FIRST ": Connection refused" },
	{ "H35", "connect-refused", { { NAME, V4, V6 } }, { { FIRST, V4, 302, .location = "https://" NAME "/x" }, { "https://" NAME "/x", V4, 200, .body = KEY } },
	  VERDICT_FAIL, PROBLEM_CONNECTION, "Connection refused" },
	{ "H37", "connect-refused", { { NAME, V4 " " V4B } }, { { FIRST, V4, 200, .body = KEY } }, VERDICT_FLAKY, PROBLEM_CONNECTION, "1 of 2 addresses" },
	{ "H38", "address-reserved", { { NAME, "10.0.0.1" } }, { { NULL } }, VERDICT_FAIL, PROBLEM_DNS,
	  "no valid A records found for " NAME "; no valid AAAA records found for " NAME },
	{ "H39", "address-reserved", { { NAME, "10.0.0.1 " V4 } }, { PAGE(200, .body = KEY) }, VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H40", "address-missing", { { NAME } }, { { NULL } }, VERDICT_FAIL, PROBLEM_DNS, "no valid A records found" },
	{ "H41", "address-missing", { { NULL } }, { { NULL } }, VERDICT_FAIL, PROBLEM_DNS, "DNS problem: NXDOMAIN looking up A for " NAME },
	{ "H44", NULL, { { NAME, "!SERVFAIL", V6 } }, { PAGE(200, .body = KEY) }, VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H46", "connect-timeout", { { NAME, V4 } }, { PAGE(.failure = "connect-timeout", .elapsed_ms = 10000) }, VERDICT_FAIL, PROBLEM_CONNECTION,
	  V4 ": Fetching " FIRST ": Timeout during connect (likely firewall problem)" },
	{ "H47 8 s", NULL, { { NAME, V4 } }, { PAGE(200, .body = KEY, .elapsed_ms = 7900) }, VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H48 12 s", "slow", { { NAME, V4 } }, { PAGE(200, .body = KEY, .elapsed_ms = 12000) }, VERDICT_FLAKY, PROBLEM_CONNECTION, NULL },
	{ "H48 25 s", "attempt-too-slow", { { NAME, V4 } }, { PAGE(200, .body = KEY, .elapsed_ms = 25000) }, VERDICT_FAIL, PROBLEM_CONNECTION,
	  "Timeout after connect (your server may be slow or overloaded)" },
	{ "drip", "body-endless", { { NAME, V4 } }, { PAGE(200, .body = "ab", .failure = "timeout", .elapsed_ms = 19700) }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED,
	  "Error reading HTTP response body: context deadline exceeded" },
	{ "H49", "body-short", { { NAME, V4 } }, { PAGE(200, .body = KEY, .failure = "short") }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "unexpected EOF" },
	{ "H50", "no-http", { { NAME, V4 } }, { PAGE(.failure = "garbage") }, VERDICT_FAIL, PROBLEM_CONNECTION, "Error getting validation data" },
	{ "H51", "connection-closed", { { NAME, V4 } }, { PAGE(.failure = "closed") }, VERDICT_FAIL, PROBLEM_CONNECTION, "Error getting validation data" },
	{ "H53", "http2", { { NAME, V4 } }, { PAGE(.failure = "http2") }, VERDICT_FAIL, PROBLEM_CONNECTION, "Server is speaking HTTP/2 over HTTP" },
	{ "H55", "front-refuses", { { NAME, V4 } }, { PAGE(403, .server = "cloudflare") }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, ": 403" },
	{ "H56", "tls-old", { { NAME, V4 } }, { PAGE(302, .location = "https://" NAME "/x"),
	    { "https://" NAME "/x", NULL, .failure = "tls", .why = "error:0A00042E:SSL routines::tlsv1 alert protocol version" } }, VERDICT_FAIL, PROBLEM_TLS,
	  "remote error: tls: protocol version not supported" },
	{ "plain 443", "plain-http-on-443", { { NAME, V4 } }, { PAGE(302, .location = "https://" NAME "/x"), { "https://" NAME "/x", NULL, .failure = "tls-not-tls" } },
	  VERDICT_FAIL, PROBLEM_CONNECTION, "Fetching https://" NAME "/x: Error getting validation data" },
	{ "endless", "body-endless", { { NAME, V4 } }, { PAGE(200, .body = KEY, .failure = "timeout", .elapsed_ms = 19900) }, VERDICT_FAIL,
	  PROBLEM_UNAUTHORIZED, "Error reading HTTP response body: context deadline exceeded" },
	{ "endless 404", "status", { { NAME, V4 } }, { PAGE(404, .body = "no", .failure = "timeout", .elapsed_ms = 19900) }, VERDICT_FAIL,
	  PROBLEM_UNAUTHORIZED, "Invalid response from " FIRST ": 404" },
	{ "endless redirect", "attempt-too-slow", { { NAME, V4 } }, { PAGE(302, .location = "/x", .failure = "timeout", .elapsed_ms = 19900) }, VERDICT_FAIL,
	  PROBLEM_CONNECTION, "Timeout after connect" },
	{ "head", "bad-head", { { NAME, V4 } }, { PAGE(.failure = "bad-head", .why = "its Content-Length is no number") }, VERDICT_FAIL, PROBLEM_CONNECTION,
	  "Fetching " FIRST ": Error getting validation data" },
	{ "chunks", "bad-body", { { NAME, V4 } }, { PAGE(200, .body = KEY, .failure = "bad-body", .why = "malformed chunked encoding") }, VERDICT_FAIL,
	  PROBLEM_UNAUTHORIZED, "Error reading HTTP response body: malformed chunked encoding" },
	{ "TLS of ours", "tls-failed", { { NAME, V4 } }, { PAGE(302, .location = "https://" NAME "/x"),
	    { "https://" NAME "/x", NULL, .failure = "tls", .why = "wrong cipher returned" } }, VERDICT_FAIL, PROBLEM_CONNECTION, "Error getting validation data" },
	{ "no cipher", "tls-cipher", { { NAME, V4 } }, { PAGE(302, .location = "https://" NAME "/x"),
	    { "https://" NAME "/x", NULL, .failure = "tls", .why = "alert handshake failure" } }, VERDICT_FAIL, PROBLEM_TLS, "remote error: tls: handshake failure" },
	{ "SSH on 443", "no-tls", { { NAME, V4 } }, { PAGE(302, .location = "https://" NAME "/x"), { "https://" NAME "/x", NULL, .failure = "garbage" } },
	  VERDICT_FAIL, PROBLEM_CONNECTION, "Error getting validation data" },
	{ "empty port", NULL, { { NAME, V4 } }, { PAGE(302, .location = "http://" NAME ":/x"), { "http://" NAME ":/x", NULL, 200, .body = KEY } },
	  VERDICT_PASS, PROBLEM_NONE, NULL },
	{ "H61", "redirect-loop", { { NAME, V4, V6 } }, { PAGE(302, .location = "https://" NAME "/x"), { "https://" NAME "/x", V4, 200, .body = KEY } },
	  VERDICT_FAIL, PROBLEM_CONNECTION, V4 ": Fetching https://" NAME "/x: Redirect loop detected" },
	{ "H62", "stale-aaaa", { { NAME, V4, V6 } }, { { FIRST, V6, .failure = "connect-timeout", .elapsed_ms = 10000 }, { FIRST, V4, 200, .body = KEY } },
	  VERDICT_FLAKY, PROBLEM_CONNECTION, NULL },
	{ "H63", "connect-timeout", { { NAME, V4, V6 } }, { { FIRST, V4, 302, .location = "https://" NAME "/x" },
	    { FIRST, V6, .failure = "connect-timeout", .elapsed_ms = 10000 }, { "https://" NAME "/x", V6, .failure = "connect-timeout", .elapsed_ms = 9790 },
	    { "https://" NAME "/x", V4, 200, .body = KEY } }, VERDICT_FAIL, PROBLEM_CONNECTION, "Timeout during connect" },
	{ "router", "router-page", { { NAME, V4 } }, { PAGE(401, .server = "micro_httpd") }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, ": 401" },
	{ "no root", NULL, { { NAME, "!no-root", "!no-root" } }, { { NULL } }, VERDICT_UNKNOWN, PROBLEM_NONE, "not visible from here" },
	{ "other account", "body-differs", { { NAME, V4 } }, { PAGE(200, .body = TOKEN ".AAAA") }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, NULL },
};

static void the_measured_scenarios_come_out_as_the_authority_answered(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct evidence *e = world_evidence("http-01");
		struct verdict *v = verdict_new();
		const struct authority *a = world_authority("letsencrypt");

		world_attempt(e, a, rows[i].names, rows[i].pages);
		judge_http(e, a, v);
		world_expect(rows[i].id, v, rows[i].result, rows[i].problem, rows[i].detail);
		if (rows[i].code && !world_found(v, rows[i].code))
			fail_msg("%s: no finding %s", rows[i].id, rows[i].code);
		if (!rows[i].code && v->result == VERDICT_PASS && v->finding_count && v->findings[0].severity == FINDING_ERROR)
			fail_msg("%s: %s", rows[i].id, v->findings[0].text);
		verdict_free(v);
		evidence_free(e);
	}
}

/* A world where the challenge leads through `count` redirects. */
static struct verdict *after_redirects(size_t count)
{
	struct world_name names[2] = { { NAME, V4 } };
	struct world_page pages[16] = { { FIRST, NULL, 302 } };
	char urls[16][64], paths[16][32];
	struct evidence *e = world_evidence("http-01");
	struct verdict *v = verdict_new();

	for (size_t i = 0; i < count; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/%zu", i);
		snprintf(urls[i], sizeof(urls[i]), "http://" NAME "/%zu", i);
		pages[i].status = 302;
		pages[i].location = paths[i];
		pages[i + 1] = (struct world_page){ urls[i], NULL, 200, .body = KEY };
	}
	world_attempt(e, world_authority("letsencrypt"), names, pages);
	judge_http(e, world_authority("letsencrypt"), v);
	evidence_free(e);
	return v;
}

static void the_twelfth_redirect_is_one_too_many_and_the_eleventh_a_warning(void **state)
{
	struct verdict *v = after_redirects(12);

	(void)state;
	world_expect("H21.12", v, VERDICT_FAIL, PROBLEM_CONNECTION, "Too many redirects");
	verdict_free(v);
	v = after_redirects(11);
	world_expect("H21.11", v, VERDICT_PASS, PROBLEM_NONE, NULL);
	assert_true(world_found(v, "redirect-count"));
	verdict_free(v);
	v = after_redirects(10);
	world_expect("H21.10", v, VERDICT_PASS, PROBLEM_NONE, NULL);
	assert_int_equal(v->finding_count, 0);
	verdict_free(v);
}

static struct verdict *after_path(size_t length)
{
	struct world_name names[2] = { { NAME, V4 } };
	char url[4096] = "http://" NAME, *path = url + strlen(url);
	struct world_page pages[3] = { { FIRST, NULL, 302, .location = path }, { url, NULL, 200, .body = KEY } };
	struct evidence *e = world_evidence("http-01");
	struct verdict *v = verdict_new();

	memset(path, 'a', length);
	path[0] = '/';
	path[length] = '\0';
	world_attempt(e, world_authority("letsencrypt"), names, pages);
	judge_http(e, world_authority("letsencrypt"), v);
	evidence_free(e);
	return v;
}

static void a_redirect_path_of_2001_bytes_is_too_long(void **state)
{
	struct verdict *v = after_path(2001);

	(void)state;
	world_expect("H25", v, VERDICT_FAIL, PROBLEM_CONNECTION, "Redirect target too long");
	verdict_free(v);
	v = after_path(2000);
	world_expect("H26", v, VERDICT_PASS, PROBLEM_NONE, NULL);
	verdict_free(v);
}

static struct verdict *judged(const struct world_name *names, const struct world_page *pages, const char *authority, void (*change)(struct evidence *e))
{
	struct evidence *e = world_evidence("http-01");
	struct verdict *v = verdict_new();

	change(e);
	world_attempt(e, world_authority(authority), names, pages);
	judge_http(e, world_authority(authority), v);
	evidence_free(e);
	return v;
}

static void seen_from_inside(struct evidence *e)
{
	e->inside = true;
}

static void nothing_expected(struct evidence *e)
{
	free(e->expected);
	e->expected = NULL;
}

static void an_address(struct evidence *e)
{
	e->ip = true;
	mem_replace(&e->identifier, V6);
}

static void unchanged(struct evidence *e)
{
	(void)e;
}

static void a_refusal_from_inside_the_same_network_is_unknown(void **state)
{
	static const struct world_name names[] = { { NAME, V4 }, { NULL } };
	static const struct world_page none[] = { { NULL } }, wrong[] = { { FIRST, NULL, 404 }, { NULL } };
	struct verdict *v = judged(names, none, "letsencrypt", seen_from_inside);

	(void)state;
	world_expect("hairpin", v, VERDICT_UNKNOWN, PROBLEM_NONE, "Not visible from here");
	assert_true(world_found(v, "hairpin"));
	verdict_free(v);
	v = judged(names, wrong, "letsencrypt", seen_from_inside);
	world_expect("inside, wrong answer", v, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, NULL);
	verdict_free(v);
}

static void without_a_key_authorization_only_reachability_counts(void **state)
{
	static const struct world_name names[] = { { NAME, V4 }, { NULL } };
	static const struct world_page none[] = { { NULL } }, missing[] = { { FIRST, NULL, 404 }, { NULL } };
	static const struct world_page page[] = { { FIRST, NULL, 200, .body = "<html>" }, { NULL } };
	struct verdict *v = judged(names, none, "letsencrypt", nothing_expected);

	(void)state;
	world_expect("refused", v, VERDICT_FAIL, PROBLEM_CONNECTION, "Connection refused");
	verdict_free(v);
	v = judged(names, missing, "letsencrypt", nothing_expected);
	world_expect("404", v, VERDICT_PASS, PROBLEM_NONE, "status 404");
	verdict_free(v);
	v = judged(names, page, "letsencrypt", nothing_expected);
	world_expect("page", v, VERDICT_PASS, PROBLEM_NONE, NULL);
	assert_true(world_found(v, "catch-all-page"));
	verdict_free(v);
}

static void an_address_is_asked_without_a_look_up(void **state)
{
	static const struct world_name names[] = { { NULL } };
	static const struct world_page pages[] = { { "http://[" V6 "]" PATH, V6, 200, .body = KEY }, { NULL } };
	struct verdict *v = judged(names, pages, "letsencrypt", an_address);

	(void)state;
	world_expect("H60", v, VERDICT_PASS, PROBLEM_NONE, V6);
	verdict_free(v);
}

static const char *const loopback[] = { "127.0.0.0/8", NULL };

static void pebble_follows_other_rules(void **state)
{
	static const struct world_name names[] = { { NAME, "127.0.0.1" }, { NULL } };
	static const struct world_page port[] = { { FIRST, NULL, 302, .location = "http://" NAME ":8080/x" },
		{ "http://" NAME ":8080/x", NULL, 200, .body = KEY }, { NULL } };
	static const struct world_page space[] = { { FIRST, NULL, 200, .body = KEY " " }, { NULL } };
	struct verdict *v;

	(void)state;
	address_allow(loopback);
	v = judged(names, port, "pebble", unchanged);
	world_expect("any port", v, VERDICT_PASS, PROBLEM_NONE, NULL);
	verdict_free(v);
	v = judged(names, space, "pebble", unchanged);
	world_expect("final space", v, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, NULL);
	verdict_free(v);
	address_allow(NULL);
}

/* A private authority would look there; this host does not, and so knows nothing. */
static void an_address_inside_stays_unknown_until_it_is_allowed(void **state)
{
	static const struct world_name names[] = { { NAME, "10.0.0.1 " V4 }, { NULL } }, inside[] = { { NAME, "127.0.0.1" }, { NULL } },
		outside[] = { { NAME, V4 }, { "inside.example.org", "169.254.169.254" }, { NULL } };
	static const struct world_page pages[] = { { FIRST, NULL, 200, .body = KEY }, { NULL } };
	static const struct world_page to_name[] = { { FIRST, NULL, 302, .location = "http://inside.example.org/" },
		{ "http://inside.example.org/", NULL, 200, .body = KEY }, { NULL } };
	static const struct world_page to_address[] = { { FIRST, NULL, 302, .location = "http://[::ffff:127.0.0.1]:6379/" },
		{ "http://[::ffff:127.0.0.1]:6379/", NULL, 200, .body = KEY }, { NULL } };
	static const struct { const struct world_name *names; const struct world_page *pages; } cases[] = {
		{ names, pages }, { inside, pages }, { outside, to_name }, { outside, to_address } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct verdict *v = judged(cases[i].names, cases[i].pages, "private", unchanged);

		world_expect("inside", v, VERDICT_UNKNOWN, PROBLEM_NONE, NULL);
		assert_int_equal(world_found(v, "address-withheld"), i > 0);
		for (size_t k = 0; k < v->result_count; k++)
			assert_true(!v->results[k].address || strcmp(v->results[k].address, V4) == 0);
		verdict_free(v);
	}
}

static void make_private(struct evidence *e)
{
	e->private = true;
}

static void a_body_is_not_quoted_to_those_who_may_not_read_it(void **state)
{
	static const struct world_name names[] = { { NAME, V4 }, { NULL } };
	static const struct world_page pages[] = { { FIRST, NULL, 200, .body = "Nsecret" }, { NULL } };
	struct verdict *v = judged(names, pages, "letsencrypt", make_private);
	CLEANUP(mem_freep) char *json = verdict_json(v);

	(void)state;
	assert_null(strstr(json, "secret"));
	assert_null(strstr(json, "\\\"N\\\""));
	assert_non_null(strstr(json, "(got 7 bytes, SHA-256 "));
	verdict_free(v);
}

static struct ev_answer *server_says(struct evidence *e, const char *address, const char *name, int type, const char *data)
{
	struct ev_answer *a = world_answer(e, "direct", name, type);

	a->address = mem_dup(address);
	a->zone = mem_dup("example.org");
	if (data)
		world_record(a, name, type, data);
	return a;
}

static enum verdict_result with_servers(const char *one, const char *one_soa, const char *other, const char *other_soa)
{
	static const struct world_name names[] = { { NAME, V4, NULL }, { 0 } };
	static const struct world_page pages[] = { PAGE(200, .body = KEY), { 0 } };
	struct evidence *e = world_evidence("http-01");
	struct verdict *v = verdict_new();
	enum verdict_result result;

	world_attempt(e, world_authority("letsencrypt"), names, pages);
	server_says(e, "192.0.2.1", NAME, 1, one);
	server_says(e, "192.0.2.2", NAME, 1, other);
	server_says(e, "192.0.2.1", "example.org", 6, one_soa);
	server_says(e, "192.0.2.2", "example.org", 6, other_soa);
	judge_http(e, world_authority("letsencrypt"), v);
	result = v->result;
	verdict_free(v);
	evidence_free(e);
	return result;
}

static void servers_that_disagree_on_the_host_make_it_a_toss(void **state)
{
	(void)state;
	assert_int_equal(with_servers(V4, "m. r. 7 1 1 1 1", NULL, "m. r. 7 1 1 1 1"), VERDICT_FLAKY);
	assert_int_equal(with_servers(V4, "m. r. 7 1 1 1 1", V4B, "m. r. 6 1 1 1 1"), VERDICT_FLAKY);
	assert_int_equal(with_servers(V4, "m. r. 7 1 1 1 1", V4, "m. r. 6 1 1 1 1"), VERDICT_PASS);
	assert_int_equal(with_servers(V4, "m. r. 7 1 1 1 1", V4B, "m. r. 7 1 1 1 1"), VERDICT_PASS);
	assert_int_equal(with_servers(V4, "nothing", V4B, NULL), VERDICT_PASS);
}

static void nothing_collected_is_a_note_and_no_verdict(void **state)
{
	struct evidence *e = world_evidence("http-01");
	struct verdict *v = verdict_new();

	(void)state;
	judge_http(e, world_authority("letsencrypt"), v);
	assert_null(v->detail);
	assert_true(world_found(v, "not-collected"));
	verdict_free(v);
	evidence_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_measured_scenarios_come_out_as_the_authority_answered),
		cmocka_unit_test(the_twelfth_redirect_is_one_too_many_and_the_eleventh_a_warning),
		cmocka_unit_test(a_redirect_path_of_2001_bytes_is_too_long),
		cmocka_unit_test(a_refusal_from_inside_the_same_network_is_unknown),
		cmocka_unit_test(without_a_key_authorization_only_reachability_counts),
		cmocka_unit_test(an_address_is_asked_without_a_look_up),
		cmocka_unit_test(pebble_follows_other_rules),
		cmocka_unit_test(an_address_inside_stays_unknown_until_it_is_allowed),
		cmocka_unit_test(a_body_is_not_quoted_to_those_who_may_not_read_it),
		cmocka_unit_test(servers_that_disagree_on_the_host_make_it_a_toss),
		cmocka_unit_test(nothing_collected_is_a_note_and_no_verdict),
	};

	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	authorities_free(world_authorities());
	return rc;
}
