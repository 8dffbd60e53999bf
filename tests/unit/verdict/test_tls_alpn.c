#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "solver/crypto/crypto.h"
#include "tests/unit/verdict/world.h"

/* A good one by default; a test changes one thing. */
struct shape {
	const char *names;          /* as OpenSSL writes them; NULL: "DNS:" NAME */
	const char *key;            /* key authorization; NULL: KEY */
	bool not_critical, no_identifier, no_names, other_signer, twice, long_value;
};

static void add(X509 *x, int nid, const char *oid, bool critical, const unsigned char *bytes, int length)
{
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *object = oid ? OBJ_txt2obj(oid, 1) : OBJ_nid2obj(nid);
	X509_EXTENSION *extension;

	ASN1_OCTET_STRING_set(value, bytes, length);
	extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, value);
	X509_add_ext(x, extension, -1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	if (oid)
		ASN1_OBJECT_free(object);
}

static void add_identifier(X509 *x, const struct shape *s)
{
	const char *key = s->key ? s->key : KEY;
	unsigned char value[2 + SHA256_SIZE + 1] = { 4, SHA256_SIZE };

	crypto_sha256(key, strlen(key), value + 2);
	add(x, 0, "1.3.6.1.5.5.7.1.31", !s->not_critical, value, s->long_value ? sizeof(value) : sizeof(value) - 1);
}

static void add_names(X509 *x, const struct shape *s)
{
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, s->names ? s->names : "DNS:" NAME);

	assert_non_null(names);
	X509_add_ext(x, names, -1);
	X509_EXTENSION_free(names);
}

static char *make(const struct shape *s)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	unsigned char *der = NULL;
	char *text;
	int length;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"challenge", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, key);
	if (!s->no_names)
		add_names(x, s);
	if (!s->no_identifier)
		add_identifier(x, s);
	if (s->twice)
		add_identifier(x, s);
	assert_true(X509_sign(x, s->other_signer ? other : key, EVP_sha256()) > 0);
	length = i2d_X509(x, &der);
	text = crypto_base64(der, (size_t)length);
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	return text;
}

static void present(struct evidence *e, const char *address, const struct shape *s)
{
	struct ev_certificate *c = evidence_add_certificate(e);

	c->address = mem_dup(address);
	c->alpn = mem_dup("acme-tls/1");
	c->tls_version = mem_dup("TLSv1.3");
	c->der = make(s);
}

static void refuse(struct evidence *e, const char *address, const char *failure, const char *why)
{
	struct ev_certificate *c = evidence_add_certificate(e);

	c->address = mem_dup(address);
	c->failure = mem_dup(failure);
	c->why = mem_dup(why);
}

static struct evidence *evidence_at(const char *v4, const char *v6)
{
	struct evidence *e = world_evidence("tls-alpn-01");

	world_addresses(e, NAME, 1, v4);
	world_addresses(e, NAME, 28, v6);
	return e;
}

static struct verdict *judged(struct evidence *e)
{
	struct verdict *v = verdict_new();

	judge_tls_alpn(e, world_authority("letsencrypt"), v);
	evidence_free(e);
	return v;
}

static const struct row {
	const char *id;
	struct shape shape;
	enum verdict_result result;
	const char *detail, *code;
} rows[] = {
	{ "T01", { NULL }, VERDICT_PASS, NULL, NULL },
	{ "T02 other signer", { .other_signer = true }, VERDICT_FAIL, "Received certificate which is not self-signed.", "certificate-not-self-signed" },
	{ "T03", { .not_critical = true }, VERDICT_FAIL, "acmeValidationV1 extension that is not Critical.", "certificate-not-critical" },
	{ "T04", { .names = "DNS:" NAME ",DNS:other.example.org" }, VERDICT_FAIL,
	  "unexpected identifiers (\"challenge, " NAME ", other.example.org\"): \"wrong number of identifiers\"", "certificate-names" },
	{ "T04 address", { .names = "DNS:" NAME ",IP:1.2.3.4" }, VERDICT_FAIL, "wrong number of identifiers", NULL },
	{ "T04 mail", { .names = "DNS:" NAME ",email:a@b.org" }, VERDICT_FAIL, "SAN extension does not match expected bytes", NULL },
	{ "T05", { .key = "other" }, VERDICT_FAIL, "but expected", "certificate-digest" },
	{ "T05 long", { .long_value = true }, VERDICT_FAIL, "malformed acmeValidationV1 extension value", NULL },
	{ "T06", { .names = "DNS:WWW.example.org" }, VERDICT_FAIL, "SAN extension does not match expected bytes", "certificate-names" },
	{ "other name", { .names = "DNS:example.org" }, VERDICT_FAIL, "identifier does not match expected identifier", NULL },
	{ "T08", { .no_identifier = true }, VERDICT_FAIL, "Required extension OID 1.3.6.1.5.5.7.1.31 is not present", "certificate-extensions" },
	{ "no names", { .no_names = true }, VERDICT_FAIL, "Required extension OID 2.5.29.17 is not present", NULL },
	{ "twice", { .twice = true }, VERDICT_FAIL, "Extension OID 1.3.6.1.5.5.7.1.31 seen twice", NULL },
};

static void the_measured_scenarios_come_out_as_the_authority_answered(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct evidence *e = evidence_at(V4, NULL);
		struct verdict *v;

		present(e, V4, &rows[i].shape);
		v = judged(e);
		world_expect(rows[i].id, v, rows[i].result, rows[i].result == VERDICT_PASS ? PROBLEM_NONE : PROBLEM_UNAUTHORIZED,
		             rows[i].detail);
		if (rows[i].result == VERDICT_FAIL)
			assert_non_null(strstr(v->detail, "Requested " NAME " from " V4 ":443."));
		if (rows[i].code && !world_found(v, rows[i].code))
			fail_msg("%s: no finding %s", rows[i].id, rows[i].code);
		verdict_free(v);
	}
}

static void a_connection_that_fails_is_told_as_such(void **state)
{
	static const struct { const char *failure, *why, *detail; enum problem_type problem; } cases[] = {
		{ "connect-refused", NULL, V4 ": Connection refused", PROBLEM_CONNECTION },
		{ "connect-timeout", NULL, V4 ": Timeout during connect (likely firewall problem)", PROBLEM_CONNECTION },
		{ "timeout", NULL, V4 ": Timeout after connect (your server may be slow or overloaded)", PROBLEM_CONNECTION },
		{ "tls-not-tls", NULL, V4 ": Server only speaks HTTP, not TLS", PROBLEM_MALFORMED },
		{ "tls", "tlsv1 alert no application protocol", V4 ": remote error: tls: no application protocol", PROBLEM_TLS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct evidence *e = evidence_at(V4, NULL);
		struct verdict *v;

		refuse(e, V4, cases[i].failure, cases[i].why);
		v = judged(e);
		world_expect(cases[i].failure, v, VERDICT_FAIL, cases[i].problem, cases[i].detail);
		verdict_free(v);
	}
}

static void trouble_at_the_ipv6_address_leads_to_the_ipv4_address(void **state)
{
	struct evidence *e = evidence_at(V4, V6);
	struct verdict *v;

	(void)state;
	refuse(e, V6, "tls", "alert internal error");
	present(e, V4, &(struct shape){ NULL });
	v = judged(e);
	world_expect("fallback", v, VERDICT_PASS, PROBLEM_NONE, NULL);
	verdict_free(v);
	e = evidence_at(NULL, V6);
	refuse(e, V6, "connect-refused", NULL);
	v = judged(e);
	world_expect("no fallback", v, VERDICT_FAIL, PROBLEM_MALFORMED, "no IPv4 addresses to try as fallback");
	verdict_free(v);
}

static void a_wrong_certificate_is_an_answer_and_leads_nowhere(void **state)
{
	struct evidence *e = evidence_at(V4, V6);
	struct verdict *v;

	(void)state;
	present(e, V6, &(struct shape){ .key = "other" });
	present(e, V4, &(struct shape){ NULL });
	v = judged(e);
	world_expect("wrong v6", v, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "from [" V6 "]:443");
	verdict_free(v);
}

static void one_bad_address_of_two_makes_it_a_matter_of_luck(void **state)
{
	struct evidence *e = evidence_at(V4 " " V4B, NULL);
	struct verdict *v;

	(void)state;
	present(e, V4, &(struct shape){ NULL });
	refuse(e, V4B, "connect-refused", NULL);
	v = judged(e);
	world_expect("draw", v, VERDICT_FLAKY, PROBLEM_CONNECTION, "1 of 2 addresses");
	verdict_free(v);
}

static void an_address_is_named_by_its_bytes(void **state)
{
	struct evidence *e = world_evidence("tls-alpn-01");
	struct verdict *v;

	(void)state;
	e->ip = true;
	mem_replace(&e->identifier, V6);
	present(e, V6, &(struct shape){ .names = "IP:" V6 });
	v = judged(e);
	world_expect("ip", v, VERDICT_PASS, PROBLEM_NONE, NULL);
	verdict_free(v);
}

static void a_server_without_the_protocol_cannot_negotiate_it(void **state)
{
	struct evidence *e = evidence_at(V4, NULL);
	struct verdict *v;

	(void)state;
	present(e, V4, &(struct shape){ NULL });
	mem_replace(&e->certificates[0].alpn, NULL);
	v = judged(e);
	world_expect("alpn", v, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "Cannot negotiate ALPN protocol \"acme-tls/1\" for tls-alpn-01 challenge");
	verdict_free(v);
}

static void without_an_address_it_is_a_matter_of_dns(void **state)
{
	struct verdict *v = judged(evidence_at("10.0.0.1", NULL));

	(void)state;
	world_expect("reserved", v, VERDICT_FAIL, PROBLEM_DNS, "no valid A records found for " NAME);
	verdict_free(v);
	v = judged(evidence_at("!no-root", "!no-root"));
	world_expect("no root", v, VERDICT_UNKNOWN, PROBLEM_NONE, NULL);
	verdict_free(v);
	v = judged(world_evidence("tls-alpn-01"));
	assert_true(world_found(v, "not-collected"));
	verdict_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_measured_scenarios_come_out_as_the_authority_answered),
		cmocka_unit_test(a_connection_that_fails_is_told_as_such),
		cmocka_unit_test(trouble_at_the_ipv6_address_leads_to_the_ipv4_address),
		cmocka_unit_test(a_wrong_certificate_is_an_answer_and_leads_nowhere),
		cmocka_unit_test(one_bad_address_of_two_makes_it_a_matter_of_luck),
		cmocka_unit_test(an_address_is_named_by_its_bytes),
		cmocka_unit_test(a_server_without_the_protocol_cannot_negotiate_it),
		cmocka_unit_test(without_an_address_it_is_a_matter_of_dns),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	authorities_free(world_authorities());
	return rc;
}
