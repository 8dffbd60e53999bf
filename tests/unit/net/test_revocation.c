/* Revocation lists: what they name is refused, what they do not cover is not known, and a list ends at its time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <gnutls/x509.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/net/revocation.h"

#define HOUR INT64_C(3600)
#define FILES_MAX 2
#define BROKEN "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n"

enum { ROOT, MIDDLE, LEAF, STRANGER, NODES }; /* root signs middle, middle signs leaf; the stranger has the name of middle */

struct node {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

struct fixture {
	char folder[64];
	struct node nodes[NODES];
	char *ca, *files[FILES_MAX];
	size_t count;
	time_t now;
};

static void write_file(const char *file, const void *data, size_t size)
{
	FILE *f = fopen(file, "w");

	fwrite(data, 1, size, f);
	fclose(f);
}

static void make_node(struct fixture *f, int which, const char *name, int issuer)
{
	struct node *n = &f->nodes[which], *by = &f->nodes[issuer];
	unsigned char serial = (unsigned char)(which + 1);

	gnutls_x509_privkey_init(&n->key);
	gnutls_x509_privkey_generate(n->key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	gnutls_x509_crt_init(&n->crt);
	gnutls_x509_crt_set_version(n->crt, 3);
	gnutls_x509_crt_set_serial(n->crt, &serial, 1);
	gnutls_x509_crt_set_dn(n->crt, name, NULL);
	gnutls_x509_crt_set_activation_time(n->crt, f->now - 24 * HOUR);
	gnutls_x509_crt_set_expiration_time(n->crt, f->now + 24 * HOUR);
	gnutls_x509_crt_set_basic_constraints(n->crt, which != LEAF, -1);
	gnutls_x509_crt_set_key_usage(n->crt, which == LEAF ? GNUTLS_KEY_DIGITAL_SIGNATURE : GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	gnutls_x509_crt_set_key(n->crt, n->key);
	assert_int_equal(gnutls_x509_crt_sign2(n->crt, by->crt, by->key, GNUTLS_DIG_SHA256, 0), 0);
}

/* A list of `issuer` that names `revoked` (or -1: nobody) and is good from an hour ago for two hours. */
static void add_list(struct fixture *f, int issuer, int revoked, gnutls_x509_crt_fmt_t format)
{
	char *file = f->files[f->count] = mem_printf("%s/%zu.crl", f->folder, f->count);
	gnutls_x509_crl_t crl;
	gnutls_datum_t text;

	gnutls_x509_crl_init(&crl);
	gnutls_x509_crl_set_version(crl, 2);
	gnutls_x509_crl_set_number(crl, "\1", 1);
	gnutls_x509_crl_set_this_update(crl, f->now - HOUR);
	gnutls_x509_crl_set_next_update(crl, f->now + HOUR);
	if (revoked >= 0)
		gnutls_x509_crl_set_crt(crl, f->nodes[revoked].crt, f->now - HOUR);
	assert_int_equal(gnutls_x509_crl_sign2(crl, f->nodes[issuer].crt, f->nodes[issuer].key, GNUTLS_DIG_SHA256, 0), 0);
	gnutls_x509_crl_export2(crl, format, &text);
	write_file(file, text.data, text.size);
	gnutls_free(text.data);
	gnutls_x509_crl_deinit(crl);
	f->count++;
}

static void add_file(struct fixture *f, const char *text)
{
	f->files[f->count] = mem_printf("%s/%zu.crl", f->folder, f->count);
	write_file(f->files[f->count++], text, strlen(text));
}

static void trust(struct fixture *f, int which)
{
	gnutls_datum_t text;

	gnutls_x509_crt_export2(f->nodes[which].crt, GNUTLS_X509_FMT_PEM, &text);
	write_file(f->ca, text.data, text.size);
	gnutls_free(text.data);
}

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	snprintf(f->folder, sizeof(f->folder), "/tmp/test_revocation.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->now = time(NULL);
	make_node(f, ROOT, "CN=root", ROOT);
	make_node(f, MIDDLE, "CN=middle", ROOT);
	make_node(f, LEAF, "CN=leaf", MIDDLE);
	make_node(f, STRANGER, "CN=middle", STRANGER);
	f->ca = mem_printf("%s/ca.pem", f->folder);
	trust(f, ROOT);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->count; i++) {
		unlink(f->files[i]);
		free(f->files[i]);
	}
	unlink(f->ca);
	free(f->ca);
	rmdir(f->folder);
	for (int i = 0; i < NODES; i++) {
		gnutls_x509_crt_deinit(f->nodes[i].crt);
		gnutls_x509_privkey_deinit(f->nodes[i].key);
	}
	free(f);
	return 0;
}

/* What leaf with middle is told, `after` seconds from now; "" when it passes. */
static const char *told(struct fixture *f, bool soft, int64_t after)
{
	static char why[REVOCATION_WHY_SIZE];
	struct revocation_certificate chain[2];
	gnutls_datum_t der[2];
	struct revocation *r = NULL;
	struct err err = { 0 };

	if (revocation_open(f->ca, f->files, f->count, soft, &r, &err) < 0)
		fail_msg("%s", err.text);
	for (int i = 0; i < 2; i++) {
		gnutls_x509_crt_export2(f->nodes[i ? MIDDLE : LEAF].crt, GNUTLS_X509_FMT_DER, &der[i]);
		chain[i] = (struct revocation_certificate){ der[i].data, der[i].size };
	}
	if (revocation_passes(r, chain, 2, (f->now + after) * 1000, why))
		why[0] = '\0';
	for (int i = 0; i < 2; i++)
		gnutls_free(der[i].data);
	revocation_free(r);
	return why;
}

static void what_no_list_names_passes(void **state)
{
	struct fixture *f = *state;

	add_list(f, ROOT, -1, GNUTLS_X509_FMT_PEM);
	add_list(f, MIDDLE, -1, GNUTLS_X509_FMT_DER);
	assert_string_equal(told(f, false, 0), "");
}

static void a_revoked_certificate_is_refused(void **state)
{
	struct fixture *f = *state;

	add_list(f, ROOT, -1, GNUTLS_X509_FMT_DER);
	add_list(f, MIDDLE, LEAF, GNUTLS_X509_FMT_PEM);
	assert_string_equal(told(f, false, 0), "CN=leaf was revoked by CN=middle");
	assert_string_equal(told(f, true, 0), "CN=leaf was revoked by CN=middle");
}

static void a_revoked_issuer_takes_its_certificates_with_it(void **state)
{
	struct fixture *f = *state;

	add_list(f, ROOT, MIDDLE, GNUTLS_X509_FMT_PEM);
	add_list(f, MIDDLE, -1, GNUTLS_X509_FMT_PEM);
	assert_string_equal(told(f, false, 0), "CN=middle was revoked by CN=root");
	assert_string_equal(told(f, true, 0), "CN=middle was revoked by CN=root");
}

static void each_issuer_needs_a_list_unless_soft(void **state)
{
	struct fixture *f = *state;

	add_list(f, ROOT, -1, GNUTLS_X509_FMT_PEM);
	assert_string_equal(told(f, false, 0), "no revocation list of CN=middle covers CN=leaf now");
	assert_string_equal(told(f, true, 0), "");
}

static void an_issuer_that_is_trusted_by_file_needs_no_list(void **state)
{
	struct fixture *f = *state;

	trust(f, MIDDLE);
	add_list(f, MIDDLE, -1, GNUTLS_X509_FMT_PEM);
	assert_string_equal(told(f, false, 0), "");
	assert_non_null(strstr(told(f, false, HOUR + 10), "is out of date"));
}

static void a_list_ends_at_its_time_unless_soft(void **state)
{
	struct fixture *f = *state;

	add_list(f, ROOT, -1, GNUTLS_X509_FMT_PEM);
	add_list(f, MIDDLE, -1, GNUTLS_X509_FMT_PEM);
	assert_string_equal(told(f, false, HOUR - 10), "");
	assert_non_null(strstr(told(f, false, HOUR + 10), "is out of date"));
	assert_string_equal(told(f, true, HOUR + 10), "");
	assert_non_null(strstr(told(f, false, -2 * HOUR), "now")); /* it does not hold yet */
}

static void what_an_old_list_names_stays_refused(void **state)
{
	struct fixture *f = *state;

	add_list(f, MIDDLE, LEAF, GNUTLS_X509_FMT_PEM);
	assert_string_equal(told(f, true, 2 * HOUR), "CN=leaf was revoked by CN=middle");
}

/* Who can replace the file with a list of his own signature revokes nobody and covers nobody. */
static void a_list_with_the_signature_of_another_is_no_list(void **state)
{
	struct fixture *f = *state;

	add_list(f, ROOT, -1, GNUTLS_X509_FMT_PEM);
	add_list(f, STRANGER, -1, GNUTLS_X509_FMT_PEM);
	assert_string_not_equal(told(f, false, 0), "");
	assert_string_not_equal(told(f, true, 0), "");
}

static void refused(struct fixture *f, const char *sentence)
{
	struct revocation *r = NULL;
	struct err err = { 0 };

	assert_true(revocation_open(f->ca, f->files, f->count, false, &r, &err) < 0);
	assert_null(r);
	if (!strstr(err.text, sentence) || !strstr(err.text, f->files[f->count - 1]))
		fail_msg("\"%s\" does not say \"%s\" of %s", err.text, sentence, f->files[f->count - 1]);
}

static void a_file_that_is_no_list_is_refused_by_name(void **state)
{
	struct fixture *f = *state;

	add_list(f, MIDDLE, -1, GNUTLS_X509_FMT_PEM);
	add_file(f, "");
	refused(f, "neither as PEM nor as DER");
	write_file(f->files[1], "nonsense\n", 9);
	refused(f, "neither as PEM nor as DER");
	write_file(f->files[1], BROKEN, strlen(BROKEN));
	refused(f, "revocation list 1 cannot be read");
	unlink(f->files[1]);
	refused(f, "No such file");
}

static void nobody_is_asked_for_the_passphrase_of_a_list(void **state)
{
	struct fixture *f = *state;

	add_file(f, "-----BEGIN X509 CRL-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
	         "MIGaME4wBQYDK2VwMBIxEDAOBgNVBAMMB2NhLnRlc3QXDTI2MTEyNjAwMDQzNVoY\n-----END X509 CRL-----\n");
	refused(f, "bad decrypt");
}

/* "" or lines that begin with "crl: ". */
static const char *advised(struct fixture *f, bool soft, int64_t after)
{
	static char text[4096];
	CLEANUP(buf_done) struct buf out = BUF_INIT(sizeof(text) - 1);
	struct revocation *r = NULL;
	struct err err = { 0 };

	if (revocation_open(f->ca, f->files, f->count, soft, &r, &err) < 0)
		fail_msg("%s", err.text);
	revocation_advise(r, "crl", (f->now + after) * 1000, &out);
	revocation_free(r);
	strcpy(text, buf_text(&out));
	return text;
}

static void lists_that_let_nobody_pass_are_told_before_anybody_asks(void **state)
{
	struct fixture *f = *state;

	add_list(f, STRANGER, -1, GNUTLS_X509_FMT_PEM);
	assert_non_null(strstr(advised(f, false, 0), "crl: "));
	assert_non_null(strstr(advised(f, false, 0), "is of CN=middle, which is no CA of "));
	assert_non_null(strstr(advised(f, false, 0), "no current revocation list of CN=root"));
	assert_null(strstr(advised(f, true, 0), "CN=root"));
}

static void lists_that_cover_their_ca_are_told_when_they_end(void **state)
{
	struct fixture *f = *state;

	add_list(f, ROOT, -1, GNUTLS_X509_FMT_PEM);
	add_list(f, MIDDLE, -1, GNUTLS_X509_FMT_PEM);
	assert_string_equal(advised(f, false, 0), "");
	assert_non_null(strstr(advised(f, true, 2 * HOUR), "is out of date since"));
	assert_non_null(strstr(advised(f, false, 2 * HOUR), "no current revocation list of CN=root"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_no_list_names_passes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_revoked_certificate_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_revoked_issuer_takes_its_certificates_with_it, setup, teardown),
		cmocka_unit_test_setup_teardown(each_issuer_needs_a_list_unless_soft, setup, teardown),
		cmocka_unit_test_setup_teardown(an_issuer_that_is_trusted_by_file_needs_no_list, setup, teardown),
		cmocka_unit_test_setup_teardown(a_list_ends_at_its_time_unless_soft, setup, teardown),
		cmocka_unit_test_setup_teardown(what_an_old_list_names_stays_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_list_with_the_signature_of_another_is_no_list, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_is_no_list_is_refused_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(lists_that_let_nobody_pass_are_told_before_anybody_asks, setup, teardown),
		cmocka_unit_test_setup_teardown(lists_that_cover_their_ca_are_told_when_they_end, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_is_asked_for_the_passphrase_of_a_list, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
