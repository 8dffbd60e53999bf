#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "solver/cps/choose.h"
#include "solver/cps/decide.h"
#include "solver/cps/enrollment.h"
#include "solver/cps/media.h"

#define BASE "/cps/v2/enrollments/10002/changes/10003/input/"

static struct cps_change read_change(const char *text)
{
	struct cps_change change = { 0 };
	struct err err = { 0 };

	assert_int_equal(cps_change_parse(text, strlen(text), 10002, 10003, &change, &err), 0);
	return change;
}

static struct cps_domains read_domains(const char *text)
{
	struct cps_domains domains = { 0 };
	struct err err = { 0 };

	assert_int_equal(cps_domains_parse(text, strlen(text), &domains, &err), 0);
	return domains;
}

static void text_that_is_no_json_is_refused_with_its_place(void **state)
{
	static const char page[] = "{\n<html>";
	struct err err = { 0 };
	size_t skipped;

	(void)state;
	assert_int_equal(cps_enrollments_each(page, strlen(page), NULL, NULL, &skipped, &err), ERR_PROTOCOL);
	assert_non_null(strstr(err.text, "is not JSON"));
}

static void an_enrollment_without_an_id_is_refused(void **state)
{
	struct cps_enrollment e = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(cps_enrollment_parse("{}", 2, &e, &err), ERR_PROTOCOL);
}

static void add_id(const struct cps_enrollment *e, void *arg)
{
	*(int64_t *)arg = *(int64_t *)arg * 10 + e->id;
}

static void one_enrollment_that_cannot_be_read_costs_the_others_nothing(void **state)
{
	static const char text[] = " {\"x\":[1], \"enrollments\": [{\"id\":1}, {\"id\":null}, 7 ,{\"id\":\"2\"}] , \"y\":{} } ";
	struct err err = { 0 };
	size_t skipped = 0;
	int64_t seen = 0;

	(void)state;
	assert_int_equal(cps_enrollments_each(text, strlen(text), add_id, &seen, &skipped, &err), 0);
	assert_int_equal(seen, 12);
	assert_int_equal(skipped, 2);
	assert_int_equal(cps_enrollments_each(text, strlen(text) - 4, add_id, &seen, &skipped, &err), ERR_PROTOCOL);
	assert_int_equal(cps_enrollments_each("{\"other\":[]}", 12, add_id, &seen, &skipped, &err), ERR_PROTOCOL);
}

static void the_newest_change_has_the_highest_id(void **state)
{
	static const char text[] = "{\"id\":\"10002\",\"pendingChanges\":[{\"location\":\"/cps/v2/enrollments/10002/changes/7\"},"
	                           "\"/cps/v2/enrollments/10002/changes/12\",{\"location\":null},{\"location\":\"/x/9\"}]}";
	struct cps_enrollment e = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(cps_enrollment_parse(text, strlen(text), &e, &err), 0);
	assert_int_equal(e.id, 10002);
	assert_int_equal(e.pending_count, 3);
	assert_int_equal(cps_enrollment_newest(&e)->change, 12);
	cps_enrollment_done(&e);
}

static void a_path_outside_the_change_is_never_used(void **state)
{
	struct cps_change c = read_change(
		"{\"statusInfo\":{},\"allowedInput\":["
		"{\"type\":\"lets-encrypt-challenges\",\"info\":\"https://example.net/x\",\"update\":\"" BASE "../../../1\"},"
		"{\"type\":\"x\",\"info\":\"/cps/v2/enrollments/10002/changes/100030/input/info/warnings\"}]}");

	(void)state;
	assert_string_equal(c.allowed[0].info, "");
	assert_string_equal(c.allowed[0].update, "");
	assert_int_equal(c.allowed[0].kind, CPS_INPUT_CHALLENGES);
	assert_string_equal(c.allowed[1].info, "");
	cps_change_done(&c);
}

static void both_spellings_of_the_status_are_one(void **state)
{
	struct cps_change c = read_change("{\"statusInfo\":{\"status\":\"coodinate-domain-validation\",\"state\":\"running\"}}");

	(void)state;
	assert_string_equal(c.status, "coordinate-domain-validation");
	assert_int_equal(c.state, CPS_RUNNING);
	assert_int_equal(c.phase, CPS_STATUS_EARLY);
	cps_change_done(&c);
}

static void a_status_that_nobody_knows_is_neither_before_nor_past_validation(void **state)
{
	static const struct { const char *status; enum cps_status phase; } rows[] = {
		{ "generate-csr", CPS_STATUS_EARLY }, { "check-for-cert", CPS_STATUS_ORDERED }, { "complete", CPS_STATUS_COMPLETE },
		{ "deploy-cert-to-production", CPS_STATUS_LATE }, { "a-new-name-of-theirs", CPS_STATUS_UNKNOWN }, { "", CPS_STATUS_UNKNOWN },
		{ "delete-csr", CPS_STATUS_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128];
		struct cps_change c;

		snprintf(text, sizeof(text), "{\"statusInfo\":{\"status\":\"%s\",\"state\":\"running\"}}", rows[i].status);
		c = read_change(text);
		assert_int_equal(c.phase, rows[i].phase);
		cps_change_done(&c);
	}
}

static void the_path_tells_more_than_the_type(void **state)
{
	struct cps_change c = read_change("{\"allowedInput\":[{\"type\":\"whatever\",\"info\":\"" BASE
	                                  "info/pre-verification-warnings\"},{\"type\":\"change-management\"}]}");

	(void)state;
	assert_non_null(cps_change_input(&c, CPS_INPUT_PRE_WARNINGS));
	assert_non_null(cps_change_input(&c, CPS_INPUT_CHANGE_MANAGEMENT));
	assert_null(cps_change_input(&c, CPS_INPUT_CHALLENGES));
	assert_int_equal(c.state, CPS_STATE_UNKNOWN);
	cps_change_done(&c);
}

static void an_error_object_fails_the_change_in_any_state(void **state)
{
	struct cps_change c = read_change("{\"statusInfo\":{\"state\":\"running\",\"error\":{\"description\":\"order refused\"}}}");

	(void)state;
	assert_int_equal(c.state, CPS_ERROR);
	assert_string_equal(c.error_text, "order refused");
	cps_change_done(&c);
}

static void the_older_form_has_its_challenge_on_the_name(void **state)
{
	struct cps_domains d = read_domains("{\"challenges\":[{\"domain\":\"a.test\",\"status\":\"Awaiting user\",\"token\":\"t\","
	                                    "\"responseBody\":\"t.k\"},{\"domain\":\"b.test\"}]}");

	(void)state;
	assert_int_equal(d.count, 2);
	assert_int_equal(d.items[0].challenge_count, 1);
	assert_int_equal(d.items[0].challenges[0].type, CHALLENGE_HTTP01);
	assert_true(cps_domain_is_open(&d.items[0]));
	assert_int_equal(d.items[1].challenge_count, 0);
	assert_false(cps_domain_is_open(&d.items[1]));
	cps_domains_done(&d);
}

static void a_last_check_is_no_success(void **state)
{
	struct cps_domains d = read_domains("{\"dv\":[{\"domain\":\"a.test\",\"status\":\"Error\",\"validationStatus\":\"EXPIRED\","
	                                    "\"validatedTimestamp\":\"2024-02-28T02:29:20Z\",\"challenges\":[{\"type\":\"dns-01\"}]}]}");

	(void)state;
	assert_false(cps_domain_is_valid(&d.items[0]));
	assert_false(cps_domain_is_open(&d.items[0]));
	assert_true(cps_domain_is_spent(&d.items[0]));
	cps_domains_done(&d);
}

#define OFFER(domain, token) "{\"domain\":\"" domain "\",\"status\":\"Awaiting user\",\"challenges\":[" \
	"{\"type\":\"http-01\",\"status\":\"pending\",\"token\":\"" token "\",\"responseBody\":\"" token ".k\"}," \
	"{\"type\":\"dns-01\",\"status\":\"pending\",\"token\":\"" token "\",\"responseBody\":\"v" token "\"}]}"

static struct config config_of(struct config_route *routes, size_t count, char *prefer)
{
	return (struct config){ .routes = routes, .route_count = count, .cps = { .prefer = prefer } };
}

static void a_name_that_no_route_allows_is_refused_by_name(void **state)
{
	struct config_route web = { .suffix = (char *)"a.test", .type = CHALLENGE_HTTP01 };
	struct config config = config_of(&web, 1, NULL);
	struct cps_domains d = read_domains("{\"dv\":[" OFFER("a.test", "t1") "," OFFER("*.a.test", "t2") "]}");
	struct cps_choice choice = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(cps_choose(&config, &d, &choice, &err), ERR_DENIED);
	assert_non_null(strstr(err.text, "*.a.test"));
	cps_domains_done(&d);
}

static void the_closest_route_decides_and_the_preference_after_it(void **state)
{
	struct config_route routes[] = {
		{ .suffix = (char *)"a.test", .type = CHALLENGE_TYPES, .provider = (char *)"embedded" },
		{ .suffix = (char *)"www.a.test", .type = CHALLENGE_HTTP01 },
	};
	struct config config = config_of(routes, 2, (char *)"dns-01");
	struct cps_domains d = read_domains("{\"dv\":[" OFFER("www.a.test", "t1") "," OFFER("a.test", "t2") ","
	                                    OFFER("*.a.test", "t3") "," OFFER("A.test", "t2") "]}");
	struct cps_choice choice = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(cps_choose(&config, &d, &choice, &err), 0);
	assert_int_equal(choice.count, 3); /* the same name twice is one */
	assert_int_equal(choice.requests[0].type, CHALLENGE_HTTP01);
	assert_string_equal(choice.requests[0].key_authorization, "t1.k");
	assert_int_equal(choice.requests[1].type, CHALLENGE_DNS01);
	assert_string_equal(choice.requests[1].value, "vt2");
	cps_choice_done(&choice);
	config.cps.prefer = (char *)"http-01";
	assert_int_equal(cps_choose(&config, &d, &choice, &err), 0);
	assert_int_equal(choice.requests[1].type, CHALLENGE_HTTP01);
	assert_int_equal(choice.requests[2].type, CHALLENGE_DNS01);
	cps_choice_done(&choice);
	cps_domains_done(&d);
}

static void a_new_token_is_a_new_generation_and_a_valid_name_is_not(void **state)
{
	struct cps_domains before = read_domains("{\"dv\":[" OFFER("a.test", "t1") "," OFFER("b.test", "t2") "]}");
	struct cps_domains partly = read_domains("{\"dv\":[{\"domain\":\"a.test\",\"status\":\"Valid\"}," OFFER("b.test", "t2") "]}");
	struct cps_domains after = read_domains("{\"dv\":[" OFFER("a.test", "t9") "," OFFER("b.test", "t2") "]}");
	char *one = cps_generation(&before), *two = cps_generation(&partly), *three = cps_generation(&after);

	(void)state;
	assert_true(cps_generation_covers(one, two));
	assert_false(cps_generation_covers(one, three));
	assert_false(cps_generation_covers(NULL, one));
	assert_true(cps_generation_covers(NULL, ""));
	free(one);
	free(two);
	free(three);
	cps_domains_done(&before);
	cps_domains_done(&partly);
	cps_domains_done(&after);
}

static void paths_have_their_media_types(void **state)
{
	(void)state;
	assert_string_equal(cps_media_accept("GET", "/cps/v2/enrollments?contractId=X"), "enrollments.v12");
	assert_string_equal(cps_media_accept("GET", "/cps/v2/enrollments/10002"), "enrollment.v12");
	assert_string_equal(cps_media_accept("GET", "/cps/v2/enrollments/10002/changes/3"), "change.v2");
	assert_string_equal(cps_media_accept("GET", "/cps/v2/enrollments/10002/history/changes"), "change-history.v5");
	assert_string_equal(cps_media_accept("DELETE", "/cps/v2/enrollments/10002/changes/3"), "change-id.v1");
	assert_string_equal(cps_media_accept("PUT", "/cps/v2/enrollments/10002"), "enrollment-status.v1");
	assert_string_equal(cps_media_accept("GET", "/contract-api/v1/contracts/identifiers"), "application/json");
	assert_string_equal(cps_media_accept("GET", "/cps/v2/"), "application/json");
	assert_string_equal(cps_media_content("/cps/v2/enrollments/1/changes/2/input/update/lets-encrypt-challenges-completed"),
	                    "acknowledgement.v1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_that_is_no_json_is_refused_with_its_place),
		cmocka_unit_test(an_enrollment_without_an_id_is_refused),
		cmocka_unit_test(one_enrollment_that_cannot_be_read_costs_the_others_nothing),
		cmocka_unit_test(the_newest_change_has_the_highest_id),
		cmocka_unit_test(paths_have_their_media_types),
		cmocka_unit_test(a_path_outside_the_change_is_never_used),
		cmocka_unit_test(both_spellings_of_the_status_are_one),
		cmocka_unit_test(a_status_that_nobody_knows_is_neither_before_nor_past_validation),
		cmocka_unit_test(the_path_tells_more_than_the_type),
		cmocka_unit_test(an_error_object_fails_the_change_in_any_state),
		cmocka_unit_test(the_older_form_has_its_challenge_on_the_name),
		cmocka_unit_test(a_last_check_is_no_success),
		cmocka_unit_test(a_name_that_no_route_allows_is_refused_by_name),
		cmocka_unit_test(the_closest_route_decides_and_the_preference_after_it),
		cmocka_unit_test(a_new_token_is_a_new_generation_and_a_valid_name_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
