#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/cps/edit.h"
#include "solver/cps/rules.h"

static const char sound[] =
	"{\"ra\":\"lets-encrypt\",\"validationType\":\"dv\",\"certificateType\":\"san\",\"changeManagement\":false,"
	"\"enableMultiStackedCertificates\":false,\"csr\":{\"cn\":\"www.a.test\",\"sans\":[\"www.a.test\"],\"o\":null},"
	"\"networkConfiguration\":{\"geography\":\"core\",\"secureNetwork\":\"enhanced-tls\",\"quicEnabled\":true,\"sniOnly\":true,"
	"\"clientMutualAuthentication\":null,\"ofTomorrow\":{\"x\":[1]}},\"org\":{\"name\":\"A\"},\"adminContact\":{},\"techContact\":{}}";

static json_t *enrollment(void)
{
	json_t *o = json_loads(sound, 0, NULL);

	assert_non_null(o);
	return o;
}

static bool only_web(const char *name, bool wildcard, void *arg)
{
	(void)arg;
	return !wildcard && !strstr(name, "elsewhere");
}

/* One change of a sound enrollment, and the sentence that it breaks. `exists`: it is an update. */
static const struct { const char *set; bool exists; const char *sentence; } broken[] = {
	{ "ra=null", false, "ra is missing" }, { "validationType=null", false, "validationType is missing" },
	{ "csr.cn=null", false, "csr.cn is missing" }, { "networkConfiguration.sniOnly=null", false, "networkConfiguration.sniOnly is missing" },
	{ "org=null", false, "org is missing; only with an orgId" }, { "techContact=null", false, "techContact is missing" },
	{ "ra=letsencrypt", false, "ra is \"letsencrypt\"; one of these" }, { "networkConfiguration.geography=moon", false, "geography is \"moon\"" },
	{ "networkConfiguration.ocspStapling=maybe", false, "ocspStapling is \"maybe\"" }, { "changeManagement=\"no\"", false, "changeManagement must be true or false" },
	{ "ra=symantec", false, "validationType dv needs ra lets-encrypt" }, { "certificateType=single", false, "dv needs certificateType san" },
	{ "enableMultiStackedCertificates=true", false, "dv cannot have enableMultiStackedCertificates" },
	{ "thirdParty={}", false, "thirdParty is for validationType third-party only" },
	{ "networkConfiguration.dnsNameSettings={\"cloneDnsNames\":false}", false, "without cloneDnsNames the dnsNames must be listed" },
	{ "networkConfiguration.dnsNameSettings={\"dnsNames\":[\"x.test\"]}", false, "x.test is not a name of the certificate" },
	{ "networkConfiguration.fipsMode=true", false, "mustHaveCiphers and preferredCiphers must each name a profile" },
	{ "networkConfiguration.clientMutualAuthentication={}", false, "cannot be set while the enrollment is created" },
	{ "networkConfiguration.sniOnly=false", true, "networkConfiguration.sniOnly cannot change" },
	{ "networkConfiguration.secureNetwork=standard-tls", true, "networkConfiguration.secureNetwork cannot change" },
	{ "csr.cn=other.a.test", true, "csr.cn cannot change" },
	{ "csr.sans=[\"*.a.test\"]", false, "*.a.test: no route for dns-01" },
	{ "csr.sans=[\"elsewhere.test\"]", false, "elsewhere.test: no route answers" },
	{ "csr.sans=[1]", false, "csr.sans holds something that is no text" },
};

static void every_broken_rule_has_a_sentence_of_its_own(void **state)
{
	json_t *there = enrollment();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		const struct cps_rules rules = { .existing = broken[i].exists ? there : NULL, .has_route = only_web };
		CLEANUP(buf_done) struct buf out = BUF_INIT(65536);
		json_t *wanted = enrollment();
		struct err err;

		assert_int_equal(cps_edit_set(wanted, broken[i].set, &err), 0);
		cps_rules_check(wanted, &rules, &out);
		if (!strstr(buf_text(&out), broken[i].sentence))
			fail_msg("%s: \"%s\"", broken[i].set, buf_text(&out));
		json_decref(wanted);
	}
	json_decref(there);
}

static void a_sound_enrollment_breaks_none(void **state)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT(65536);
	const struct cps_rules rules = { .has_route = only_web };
	json_t *wanted = enrollment();

	(void)state;
	assert_int_equal(cps_rules_check(wanted, &rules, &out), 0);
	json_decref(wanted);
}

static void names_beyond_what_cps_allows_are_refused(void **state)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT(65536);
	json_t *there = enrollment(), *wanted = enrollment();
	const struct cps_rules rules = { .existing = there };
	struct err err;

	(void)state;
	json_object_set_new(there, "maxAllowedSanNames", json_integer(2));
	cps_edit_add_san(wanted, "b.a.test", &err);
	assert_int_equal(cps_rules_check(wanted, &rules, &out), 0);
	cps_edit_add_san(wanted, "c.a.test", &err);
	assert_int_equal(cps_rules_check(wanted, &rules, &out), 1);
	assert_non_null(strstr(buf_text(&out), "3 names are more than the 2"));
	json_decref(there);
	json_decref(wanted);
}

static void what_cps_only_answers_is_dropped_and_everything_unknown_stays(void **state)
{
	json_t *there = enrollment(), *copy;

	(void)state;
	json_object_set_new(there, "id", json_integer(7));
	json_object_set_new(there, "pendingChanges", json_array());
	json_object_set_new(there, "autoRenewalStartTime", json_null());
	copy = cps_edit_copy(there);
	assert_null(json_object_get(copy, "id"));
	assert_null(json_object_get(copy, "pendingChanges"));
	json_object_del(there, "id");
	json_object_del(there, "pendingChanges");
	json_object_del(there, "autoRenewalStartTime");
	assert_true(json_equal(there, copy));
	json_decref(copy);
	json_decref(there);
}

static void differences_are_told_name_by_name(void **state)
{
	json_t *from = enrollment(), *to = enrollment(), *list;
	struct err err;

	(void)state;
	assert_true(cps_edit_equal(from, to));
	json_object_del(to, "signatureAlgorithm");
	json_object_set_new(from, "signatureAlgorithm", json_null());
	assert_true(cps_edit_equal(from, to)); /* null and nothing are the same */
	assert_int_equal(cps_edit_add_san(to, "*.b.test", &err), 0);
	assert_int_equal(cps_edit_add_san(to, "WWW.a.test", &err), 0);
	assert_int_equal(cps_edit_set(to, "networkConfiguration.geography=china+core", &err), 0);
	assert_int_equal(cps_edit_set(to, "networkConfiguration.ofTomorrow.x=[2]", &err), 0);
	list = cps_edit_differences(from, to);
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(json_string_value(json_array_get(list, 0)), "+ csr.sans: *.b.test");
	assert_string_equal(json_string_value(json_array_get(list, 1)), "~ networkConfiguration.geography: \"core\" -> \"china+core\"");
	json_decref(list);
	json_decref(from);
	json_decref(to);
}

static void edits_that_make_no_sense_are_refused(void **state)
{
	json_t *e = enrollment();
	struct err err;

	(void)state;
	assert_int_equal(cps_edit_add_san(e, "no name", &err), ERR_INVALID);
	assert_int_equal(cps_edit_add_san(e, "a..test", &err), ERR_INVALID);
	assert_int_equal(cps_edit_remove_san(e, "www.a.test", &err), ERR_INVALID);
	assert_int_equal(cps_edit_remove_san(e, "other.a.test", &err), ERR_NOT_FOUND);
	assert_int_equal(cps_edit_set(e, "nothing", &err), ERR_INVALID);
	assert_int_equal(cps_edit_set(e, "=x", &err), ERR_INVALID);
	json_decref(e);
}

static void the_renewal_window_opens_when_cps_renews_and_gets_late(void **state)
{
	const int64_t day = 24LL * 3600 * 1000, starts = 100 * day, expires = 130 * day;

	(void)state;
	assert_int_equal(cps_rules_window(0, expires, starts), CPS_WINDOW_CLOSED);
	assert_int_equal(cps_rules_window(starts, expires, starts - 1), CPS_WINDOW_CLOSED);
	assert_int_equal(cps_rules_window(starts, expires, starts), CPS_WINDOW_OPEN);
	assert_int_equal(cps_rules_window(starts, expires, 117 * day), CPS_WINDOW_LATE);
	assert_int_equal(cps_rules_window(starts, 0, 117 * day), CPS_WINDOW_OPEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_broken_rule_has_a_sentence_of_its_own),
		cmocka_unit_test(a_sound_enrollment_breaks_none),
		cmocka_unit_test(names_beyond_what_cps_allows_are_refused),
		cmocka_unit_test(what_cps_only_answers_is_dropped_and_everything_unknown_stays),
		cmocka_unit_test(differences_are_told_name_by_name),
		cmocka_unit_test(edits_that_make_no_sense_are_refused),
		cmocka_unit_test(the_renewal_window_opens_when_cps_renews_and_gets_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
