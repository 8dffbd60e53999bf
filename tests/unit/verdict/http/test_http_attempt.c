#include "solver/verdict/http/url.h"
#include "tests/unit/verdict/world.h"

/* ---- URLs ---- */

static void what_is_no_url_is_refused(void **state)
{
	static const char *const bad[] = { ":x", "http://[::1", "http://[::1]x/", "http://a:8o/", "http://a b/", "/%", "/%4", "/%g0", "/a\tb", "/a\177",
		"http://a%41.org/", "http://a:b:c/", "averyveryverylongscheme:x" };
	struct url u;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (url_resolve("http://www.example.org/x", bad[i], &u) == 0)
			fail_msg("\"%s\" became \"%s\"", bad[i], u.text);
}

static void what_is_too_long_is_refused(void **state)
{
	static char reference[URL_SIZE + 1];
	struct url u;

	(void)state;
	memset(reference, 'a', URL_SIZE);
	assert_int_equal(url_resolve("http://www.example.org/", reference, &u), ERR_TOO_LARGE);
	reference[URL_SIZE - 1] = '\0';
	assert_int_equal(url_resolve("http://www.example.org/", reference, &u), ERR_TOO_LARGE);
	memcpy(reference, "http://", 7);
	reference[7 + URL_HOST_SIZE] = '\0';
	assert_int_equal(url_resolve("http://www.example.org/", reference, &u), ERR_TOO_LARGE);
	reference[7 + URL_HOST_SIZE - 1] = '\0';
	assert_int_equal(url_resolve("http://www.example.org/", reference, &u), 0);
}

/* RFC 3986 section 5.4, but for the schemes without an authority. */
static void the_examples_of_the_rfc_come_out_as_there(void **state)
{
	static const char *const cases[][2] = {
		{ "g", "http://a/b/c/g" }, { "./g", "http://a/b/c/g" }, { "g/", "http://a/b/c/g/" }, { "/g", "http://a/g" }, { "//g", "http://g" },
		{ "?y", "http://a/b/c/d;p?y" }, { "g?y", "http://a/b/c/g?y" }, { "#s", "http://a/b/c/d;p?q#s" }, { "g#s", "http://a/b/c/g#s" },
		{ "g?y#s", "http://a/b/c/g?y#s" }, { ";x", "http://a/b/c/;x" }, { "g;x", "http://a/b/c/g;x" }, { "", "http://a/b/c/d;p?q" },
		{ ".", "http://a/b/c/" }, { "./", "http://a/b/c/" }, { "..", "http://a/b/" }, { "../", "http://a/b/" }, { "../g", "http://a/b/g" },
		{ "../..", "http://a/" }, { "../../g", "http://a/g" }, { "../../../g", "http://a/g" }, { "/./g", "http://a/g" }, { "/../g", "http://a/g" },
		{ "g.", "http://a/b/c/g." }, { ".g", "http://a/b/c/.g" }, { "g..", "http://a/b/c/g.." }, { "./../g", "http://a/b/g" },
		{ "./g/.", "http://a/b/c/g/" }, { "g/./h", "http://a/b/c/g/h" }, { "g/../h", "http://a/b/c/h" }, { "g?y/../x", "http://a/b/c/g?y/../x" },
	};
	struct url u;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(url_resolve("http://a/b/c/d;p?q", cases[i][0], &u), 0);
		assert_string_equal(u.text, cases[i][1]);
	}
}

static void parts_are_found_and_what_no_url_holds_is_encoded(void **state)
{
	struct url u;

	(void)state;
	assert_int_equal(url_resolve("http://a/", "HTTPS://User:Pw@Www.Example.ORG:443/A b\xc3\xbc?q=\"1\"#End", &u), 0);
	assert_string_equal(u.text, "https://User:Pw@www.example.org:443/A%20b%C3%BC?q=\"1\"#End");
	assert_string_equal(u.scheme, "https");
	assert_string_equal(u.host, "www.example.org");
	assert_string_equal(u.port, "443");
	assert_int_equal(url_resolve("http://a/", "http://[2606:2800::1]:/%41%42", &u), 0);
	assert_true(u.literal && u.has_port);
	assert_string_equal(u.host, "2606:2800::1");
	assert_string_equal(u.port, "");
	assert_int_equal(u.path_length, 3);
}

/* ---- walks ---- */

static struct http_next next_of(struct evidence *e, size_t attempt)
{
	struct http_next next;

	http_attempt_next(e, world_authority("letsencrypt"), attempt, &next);
	return next;
}

static void a_walk_begins_with_the_addresses(void **state)
{
	struct evidence *e = world_evidence("http-01");
	struct http_next next = next_of(e, 0);

	(void)state;
	assert_int_equal(http_attempts(e, world_authority("letsencrypt")), 0);
	assert_int_equal(next.want, HTTP_RESOLVE);
	assert_string_equal(next.host, NAME);
	world_addresses(e, NAME, 1, V4);
	assert_int_equal(next_of(e, 0).want, HTTP_RESOLVE);
	world_addresses(e, NAME, 28, V6);
	next = next_of(e, 0);
	assert_int_equal(next.want, HTTP_FETCH);
	assert_string_equal(next.url, FIRST);
	assert_string_equal(next.address, V6);
	assert_int_equal(next.left_ms, 19800);
	assert_false(next.fallback);
	evidence_free(e);
}

static void there_is_a_walk_for_each_address_that_may_be_drawn_first(void **state)
{
	struct evidence *e = world_evidence("http-01");
	const struct authority *a = world_authority("letsencrypt");

	(void)state;
	world_addresses(e, NAME, 1, V4 " 10.0.0.1 " V4B " 93.184.215.16");
	world_addresses(e, NAME, 28, V6 " " V6B);
	assert_int_equal(http_attempts(e, a), 3);
	assert_string_equal(next_of(e, 0).address, V6);
	assert_string_equal(next_of(e, 1).address, V6B);
	assert_string_equal(next_of(e, 2).address, V6);
	evidence_free(e);
}

static void hop(struct evidence *e, const struct http_next *next, const char *failure, const char *location, int64_t elapsed_ms)
{
	struct ev_hop *h = evidence_add_hop(e);

	h->url = mem_dup(next->url);
	h->host = mem_dup(next->host);
	h->address = mem_dup(next->address);
	h->failure = mem_dup(failure);
	h->status = location ? 302 : 0;
	h->location = mem_dup(location);
	h->elapsed_ms = elapsed_ms;
}

static void a_failed_dial_leads_to_ipv4_and_a_reset_does_not(void **state)
{
	static const char *const later[] = { "timeout", "reset", "closed", "tls", "garbage" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(later) + 1; i++) {
		struct evidence *e = world_evidence("http-01");
		struct http_next next;

		world_addresses(e, NAME, 1, V4);
		world_addresses(e, NAME, 28, V6);
		next = next_of(e, 0);
		hop(e, &next, i ? later[i - 1] : "connect-unreachable", NULL, 100);
		next = next_of(e, 0);
		assert_int_equal(next.want, i ? HTTP_OVER : HTTP_FETCH);
		if (!i) {
			assert_string_equal(next.address, V4);
			assert_true(next.fallback);
			assert_int_equal(next.left_ms, 19700);
		}
		evidence_free(e);
	}
}

/* The measured behaviour: not the hop, but the first URL is asked again. A profile may do better. */
static void after_a_redirect_the_first_url_is_asked_again(void **state)
{
	struct authority any = *world_authority("letsencrypt");
	struct evidence *e = world_evidence("http-01");
	struct http_next next;

	(void)state;
	world_addresses(e, NAME, 1, V4);
	world_addresses(e, NAME, 28, V6);
	next = next_of(e, 0);
	hop(e, &next, NULL, "https://" NAME "/x", 10);
	next = next_of(e, 0);
	assert_string_equal(next.url, "https://" NAME "/x");
	assert_string_equal(next.address, V6);
	hop(e, &next, "connect-refused", NULL, 10);
	next = next_of(e, 0);
	assert_string_equal(next.url, FIRST);
	assert_string_equal(next.address, V4);
	any.fallback = FALLBACK_ANY;
	http_attempt_next(e, &any, 0, &next);
	assert_string_equal(next.url, "https://" NAME "/x");
	assert_string_equal(next.address, V4);
	any.fallback = FALLBACK_NONE;
	http_attempt_next(e, &any, 0, &next);
	assert_int_equal(next.want, HTTP_OVER);
	evidence_free(e);
}

static void a_redirect_to_another_host_is_resolved_and_may_need_more_walks(void **state)
{
	struct evidence *e = world_evidence("http-01");
	struct http_next next;

	(void)state;
	world_addresses(e, NAME, 1, V4);
	world_addresses(e, NAME, 28, NULL);
	next = next_of(e, 0);
	hop(e, &next, NULL, "http://cdn.example.org/x", 10);
	next = next_of(e, 0);
	assert_int_equal(next.want, HTTP_RESOLVE);
	assert_string_equal(next.host, "cdn.example.org");
	world_addresses(e, "cdn.example.org", 1, V4 " " V4B);
	world_addresses(e, "cdn.example.org", 28, NULL);
	next = next_of(e, 0);
	assert_int_equal(next.want, HTTP_FETCH);
	hop(e, &next, "reset", NULL, 10);
	assert_int_equal(http_attempts(e, world_authority("letsencrypt")), 2);
	evidence_free(e);
}

static void what_was_looked_up_once_takes_no_time_again(void **state)
{
	struct evidence *e = world_evidence("http-01");
	struct http_next next;

	(void)state;
	world_addresses(e, NAME, 1, V4);
	world_addresses(e, NAME, 28, NULL);
	e->answers[0].elapsed_ms = 700;
	next = next_of(e, 0);
	hop(e, &next, NULL, "http://" NAME "/x", 10);
	next = next_of(e, 0);
	hop(e, &next, NULL, "http://" NAME "/y", 10);
	assert_int_equal(next_of(e, 0).left_ms, 19800 - 720);
	evidence_free(e);
}

static void a_record_of_another_request_is_no_verdict(void **state)
{
	struct evidence *e = world_evidence("http-01");
	struct verdict *v = verdict_new();
	struct http_next next;

	(void)state;
	world_addresses(e, NAME, 1, V4);
	world_addresses(e, NAME, 28, NULL);
	next = next_of(e, 0);
	snprintf(next.url, sizeof(next.url), "http://" NAME "/other");
	hop(e, &next, NULL, "/x", 10);
	assert_int_equal(next_of(e, 0).want, HTTP_OVER);
	judge_http(e, world_authority("letsencrypt"), v);
	world_expect("mismatch", v, VERDICT_UNKNOWN, PROBLEM_NONE, NULL);
	verdict_free(v);
	evidence_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_url_is_refused),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(the_examples_of_the_rfc_come_out_as_there),
		cmocka_unit_test(parts_are_found_and_what_no_url_holds_is_encoded),
		cmocka_unit_test(a_walk_begins_with_the_addresses),
		cmocka_unit_test(there_is_a_walk_for_each_address_that_may_be_drawn_first),
		cmocka_unit_test(a_failed_dial_leads_to_ipv4_and_a_reset_does_not),
		cmocka_unit_test(after_a_redirect_the_first_url_is_asked_again),
		cmocka_unit_test(a_redirect_to_another_host_is_resolved_and_may_need_more_walks),
		cmocka_unit_test(what_was_looked_up_once_takes_no_time_again),
		cmocka_unit_test(a_record_of_another_request_is_no_verdict),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	authorities_free(world_authorities());
	return rc;
}
