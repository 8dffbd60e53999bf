/* The files of a certificate: what cannot be used is refused by name, and never replaces what works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/net/http_tls_private.h"

struct fixture {
	struct loop *loop;
	char folder[64];
	char *certificate[2], *key[2];
	int dummy;
};

/* A key and a certificate that it signed itself. */
static void make_pair(struct fixture *f, int which)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	gnutls_datum_t text;
	FILE *file;

	f->certificate[which] = mem_printf("%s/%d.pem", f->folder, which);
	f->key[which] = mem_printf("%s/%d.key", f->folder, which);
	gnutls_x509_privkey_init(&key);
	gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	gnutls_x509_crt_init(&crt);
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_serial(crt, "\1", 1);
	gnutls_x509_crt_set_dn(crt, "CN=test", NULL);
	gnutls_x509_crt_set_activation_time(crt, time(NULL) - 60);
	gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 3600);
	gnutls_x509_crt_set_basic_constraints(crt, 1, -1);
	gnutls_x509_crt_set_key(crt, key);
	assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
	gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &text);
	file = fopen(f->certificate[which], "w");
	fwrite(text.data, 1, text.size, file);
	fclose(file);
	gnutls_free(text.data);
	gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text);
	file = fopen(f->key[which], "w");
	fwrite(text.data, 1, text.size, file);
	fclose(file);
	gnutls_free(text.data);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	snprintf(f->folder, sizeof(f->folder), "/tmp/test_http_tls.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->loop = loop_new();
	make_pair(f, 0);
	make_pair(f, 1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_free(f->loop);
	for (int i = 0; i < 2; i++) {
		unlink(f->certificate[i]);
		unlink(f->key[i]);
		free(f->certificate[i]);
		free(f->key[i]);
	}
	rmdir(f->folder);
	free(f);
	return 0;
}

static const struct http_tls_names names = { "x.certificate", "x.key", { "x.ca", "x.proxy-ca" }, { "x.crl", "x.proxy-crl" } };

/* By a look, one sentence; a server that starts with these files closes its connections. */
static void refused(struct fixture *f, struct http_tls_options options, const char *option, const char *sentence)
{
	CLEANUP(buf_done) struct buf mistakes = BUF_INIT(65536);
	CLEANUP(buf_done) struct buf warnings = BUF_INIT(65536);
	struct http_tls *t = NULL;
	struct err err = { 0 };

	options.names = &names;
	http_tls_check(&options, &mistakes, &warnings);
	if (strncmp(buf_text(&mistakes), option, strlen(option)) != 0 || !strstr(buf_text(&mistakes), sentence) ||
	    strchr(buf_text(&mistakes), '\n') != buf_text(&mistakes) + mistakes.length - 1)
		fail_msg("\"%s\" is not one line that begins with \"%s\" and says \"%s\"", buf_text(&mistakes), option, sentence);
	assert_int_equal(http_tls_open(f->loop, &options, &t, &err), 0);
	assert_null(tls_keys_now(t));
	http_tls_close(t);
}

static void each_file_is_named_with_its_option(void **state)
{
	struct fixture *f = *state;
	char *lists[] = { f->key[0], NULL };

	refused(f, (struct http_tls_options){ .certificate = f->key[0], .key = f->key[0] }, "x.certificate: ", f->key[0]);
	refused(f, (struct http_tls_options){ .certificate = f->certificate[0], .key = f->certificate[0] }, "x.key: ", "no private key");
	refused(f, (struct http_tls_options){ .certificate = f->certificate[0], .key = f->key[0], .trust = { "/nowhere/ca.pem" } }, "x.ca: ", "/nowhere/ca.pem: No such");
	refused(f, (struct http_tls_options){ .certificate = f->certificate[0], .key = f->key[0], .trust = { NULL, f->key[0] } }, "x.proxy-ca: ", f->key[0]);
	refused(f, (struct http_tls_options){ .certificate = f->certificate[0], .key = f->key[0], .trust = { f->certificate[1] }, .crl = { lists } }, "x.crl: ", f->key[0]);
	refused(f, (struct http_tls_options){ .certificate = f->certificate[0], .key = f->key[0], .trust = { NULL, f->certificate[1] }, .crl = { NULL, lists } },
	        "x.proxy-crl: ", f->key[0]);
}

static void every_file_that_is_wrong_is_told_at_once(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_done) struct buf mistakes = BUF_INIT(65536);
	CLEANUP(buf_done) struct buf warnings = BUF_INIT(65536);
	const struct http_tls_options all = { .names = &names, .certificate = f->key[0], .key = f->certificate[0], .trust = { "/nowhere/a", "/nowhere/b" } };

	http_tls_check(&all, &mistakes, &warnings);
	for (const char *const *name = (const char *const[]){ "x.certificate: ", "\nx.key: ", "\nx.ca: ", "\nx.proxy-ca: ", NULL }; *name; name++)
		if (!strstr(buf_text(&mistakes), *name))
			fail_msg("\"%s\" does not say \"%s\"", buf_text(&mistakes), *name);
}

static void a_key_of_another_certificate_is_refused(void **state)
{
	struct fixture *f = *state;

	refused(f, (struct http_tls_options){ .certificate = f->certificate[0], .key = f->key[1] }, "x.key: ", "is not the key of");
}

static void a_ca_file_without_certificates_is_refused(void **state)
{
	struct fixture *f = *state;

	refused(f, (struct http_tls_options){ .certificate = f->certificate[0], .key = f->key[0], .trust = { f->key[1] } }, "x.ca: ", "no CA certificate");
}

static void what_cannot_be_used_leaves_the_old_in_force(void **state)
{
	struct fixture *f = *state;
	struct http_tls_options good = { &names, f->certificate[0], f->key[0], { f->certificate[1] } }, bad = { &names, f->certificate[0], f->key[1] };
	struct http_tls *t = NULL;
	struct tls_keys *before;
	struct err err = { 0 };

	assert_int_equal(http_tls_open(f->loop, &good, &t, &err), 0);
	before = tls_keys_now(t);
	assert_int_equal(http_tls_reload(t, &bad, &err), ERR_INVALID);
	assert_ptr_equal(tls_keys_now(t), before);
	assert_int_equal(http_tls_reload(t, &good, &err), 0);
	assert_non_null(tls_keys_now(t));
	http_tls_close(t);
}

static bool same_key(const gnutls_datum_t *a, const unsigned char b[256])
{
	return memcmp(a->data, b, a->size) == 0;
}

static void the_key_of_tickets_is_new_each_hour_and_with_the_files(void **state)
{
	struct fixture *f = *state;
	const struct http_tls_options options = { &names, f->certificate[0], f->key[0] };
	unsigned char first[256] = { 0 };
	const gnutls_datum_t *key;
	struct http_tls *t = NULL;
	struct err err = { 0 };

	assert_int_equal(http_tls_open(f->loop, &options, &t, &err), 0);
	key = tls_keys_ticket_key(tls_keys_now(t), 1000);
	assert_in_range(key->size, 32, sizeof(first));
	memcpy(first, key->data, key->size);
	assert_true(same_key(tls_keys_ticket_key(tls_keys_now(t), 1000 + TLS_TICKET_KEY_MS - 1), first));
	assert_false(same_key(tls_keys_ticket_key(tls_keys_now(t), 1000 + TLS_TICKET_KEY_MS), first));
	memcpy(first, tls_keys_ticket_key(tls_keys_now(t), 1000 + TLS_TICKET_KEY_MS)->data, key->size);
	assert_int_equal(http_tls_reload(t, &options, &err), 0);
	assert_false(same_key(tls_keys_ticket_key(tls_keys_now(t), 1000 + TLS_TICKET_KEY_MS), first));
	http_tls_close(t);
}

static void a_certificate_that_does_not_exist_yet_is_waited_for(void **state)
{
	struct fixture *f = *state;
	CLEANUP(mem_freep) char *later = mem_printf("%s/later.pem", f->folder);
	const struct http_tls_options options = { &names, later, f->key[0] };
	struct http_tls *t = NULL;
	struct err err = { 0 };

	assert_int_equal(http_tls_open(f->loop, &options, &t, &err), 0);
	assert_null(tls_keys_now(t));
	assert_int_equal(link(f->certificate[0], later), 0);
	for (int i = 0; i < 50 && !tls_keys_now(t); i++)
		loop_run_until(f->loop, &f->dummy, 100);
	assert_non_null(tls_keys_now(t));
	http_tls_close(t);
	unlink(later);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_key_of_another_certificate_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(each_file_is_named_with_its_option, setup, teardown),
		cmocka_unit_test_setup_teardown(every_file_that_is_wrong_is_told_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_ca_file_without_certificates_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_used_leaves_the_old_in_force, setup, teardown),
		cmocka_unit_test_setup_teardown(the_key_of_tickets_is_new_each_hour_and_with_the_files, setup, teardown),
		cmocka_unit_test_setup_teardown(a_certificate_that_does_not_exist_yet_is_waited_for, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
