/* Signatures against an exchange with BIND 9.18 that was signed by another implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/dns/message.h"
#include "solver/dns/tsig.h"
#include "solver/dns/update.h"

#define TIME 1795273918LL

static const char unsigned_hex[] = "123428000001000000010000076578616d706c65047465737400000600010f5f61636d652d6368616c6c656e6765076578616d706c65047465"
	"737400001000010000003c000403616263";
static const char signed_hex[] = "123428000001000000010001076578616d706c65047465737400000600010f5f61636d652d6368616c6c656e6765076578616d706c6504746573"
	"7400001000010000003c00040361626309646376642d746573740000fa00ff00000000004d0b686d61632d7368613338340000006b01b4be012c00301a69da59e9251ae1ee"
	"5bdb7b1c6ad7e25218f1ae46aee9f5e8d51a32cb09eab8b7a70e40270c550181e54c60d3b37477123400000000";
static const char reply_hex[] = "1234a8000001000000000001076578616d706c650474657374000006000109646376642d746573740000fa00ff00000000004d0b686d61632d7368"
	"613338340000006b01b4be012c003079b476e515b2b32f35ec9d1aefffbe2914bac8a3468c25a26c4b34c436cb8e7c6cd9f31798d3ba98802b5b111f32d439123400000000";
/* The same reply with the first sixteen bytes of its signature, and with none of them. */
static const char short_hex[] = "1234a8000001000000000001076578616d706c650474657374000006000109646376642d746573740000fa00ff00000000002d0b686d61632d7368"
	"613338340000006b01b4be012c00103079b476e515b2b32f35ec9d1aefffbe123400000000";
static const char empty_hex[] = "1234a8000001000000000001076578616d706c650474657374000006000109646376642d746573740000fa00ff00000000001d0b686d61632d7368"
	"613338340000006b01b4be012c0000123400000000";
static const char badkey_hex[] = "1234a8090001000000000001076578616d706c650474657374000006000109646376642d746573730000fa00ff00000000001d0b686d61632d73"
	"68613338340000006b01b4be012c0000123400110000";

static const struct dns_tsig_key key = { "dcvd-test", DNS_HMAC_SHA384, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v" };

static void add_hex(struct buf *out, const char *hex)
{
	unsigned byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		buf_add_char(out, (char)byte);
}

/* Verifies the recorded reply after changing it; `at` -1: as it is. */
static bool verified(const struct dns_tsig_key *k, const char *hex, long at, long long now)
{
	struct buf request = BUF_INIT(512), reply = BUF_INIT(512);
	struct tsig_mac mac;
	ldns_pkt *pkt = NULL;
	bool result = false;

	add_hex(&request, unsigned_hex);
	assert_int_equal(tsig_sign(&request, &key, TIME, &mac, NULL), 0);
	add_hex(&reply, hex);
	if (at >= 0)
		reply.data[at] ^= 1;
	if (ldns_wire2pkt(&pkt, (const uint8_t *)reply.data, reply.length) == LDNS_STATUS_OK) {
		if (ldns_pkt_tsig(pkt))
			result = tsig_verify((const unsigned char *)reply.data, reply.length, ldns_pkt_tsig(pkt), k, &mac, now);
		ldns_pkt_free(pkt);
	}
	buf_done(&request);
	buf_done(&reply);
	return result;
}

static void a_change_of_any_byte_breaks_the_signature(void **state)
{
	(void)state;
	for (size_t i = 2; i < strlen(reply_hex) / 2; i++) { /* the id is not signed: the original one is */
		if (verified(&key, reply_hex, (long)i, TIME)) {
			assert_in_range(i, 43, 48); /* class and TTL of TSIG itself have one value, which is signed whatever stands there */
		}
	}
}

static void a_reply_of_another_time_proves_nothing(void **state)
{
	(void)state;
	assert_false(verified(&key, reply_hex, -1, TIME + 301));
	assert_false(verified(&key, reply_hex, -1, TIME - 301));
	assert_true(verified(&key, reply_hex, -1, TIME + 300));
}

static void another_key_proves_nothing(void **state)
{
	struct dns_tsig_key other = key;

	(void)state;
	other.name = "other";
	assert_false(verified(&other, reply_hex, -1, TIME));
	other = key;
	other.algorithm = DNS_HMAC_SHA256;
	assert_false(verified(&other, reply_hex, -1, TIME));
	other = key;
	other.secret = "AAEC";
	assert_false(verified(&other, reply_hex, -1, TIME));
	assert_false(verified(&key, badkey_hex, -1, TIME));
}

static void a_shortened_signature_proves_nothing(void **state)
{
	(void)state;
	assert_false(verified(&key, short_hex, -1, TIME));
	assert_false(verified(&key, empty_hex, -1, TIME));
}

static void a_secret_that_is_not_base64_is_refused(void **state)
{
	struct dns_tsig_key bad = key;
	struct buf request = BUF_INIT(512);
	struct err err = { 0 };
	struct tsig_mac mac;

	(void)state;
	bad.secret = "***";
	add_hex(&request, unsigned_hex);
	assert_int_equal(tsig_sign(&request, &bad, TIME, &mac, &err), ERR_INVALID);
	assert_null(strstr(err.text, "***"));
	buf_done(&request);
}

static void the_signature_is_the_one_that_bind_accepted(void **state)
{
	struct buf request = BUF_INIT(512), expected = BUF_INIT(512);
	struct tsig_mac mac;

	(void)state;
	add_hex(&request, unsigned_hex);
	add_hex(&expected, signed_hex);
	assert_int_equal(tsig_sign(&request, &key, TIME, &mac, NULL), 0);
	assert_int_equal(request.length, expected.length);
	assert_memory_equal(request.data, expected.data, expected.length);
	buf_done(&request);
	buf_done(&expected);
}

static void the_reply_of_bind_is_proven(void **state)
{
	(void)state;
	assert_true(verified(&key, reply_hex, -1, TIME));
}

static void a_thousand_changes_fit_one_message_and_a_long_text_is_split(void **state)
{
	struct dns_update *u = dns_update_new("example.test", NULL);
	char name[100], text[601];
	unsigned char *wire;
	size_t length, room = dns_update_empty_room("example.test", &key);

	(void)state;
	memset(text, 'x', 600);
	text[600] = '\0';
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d.example.test", i);
		dns_update_add(u, name, "abc", 60, NULL);
		room += dns_update_change_room(name, "abc");
	}
	dns_update_remove(u, name, text, NULL);
	room += dns_update_change_room(name, text);
	assert_int_equal(dns_update_build(u, &key, TIME, &wire, &length, NULL), 0);
	assert_true(length <= room);
	free(wire);
	for (int i = 0; i < 200; i++)
		dns_update_add(u, name, text, 60, NULL);
	assert_int_equal(dns_update_build(u, &key, TIME, &wire, &length, NULL), ERR_TOO_LARGE);
	dns_update_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_of_any_byte_breaks_the_signature),
		cmocka_unit_test(a_reply_of_another_time_proves_nothing),
		cmocka_unit_test(another_key_proves_nothing),
		cmocka_unit_test(a_shortened_signature_proves_nothing),
		cmocka_unit_test(a_secret_that_is_not_base64_is_refused),
		cmocka_unit_test(the_signature_is_the_one_that_bind_accepted),
		cmocka_unit_test(the_reply_of_bind_is_proven),
		cmocka_unit_test(a_thousand_changes_fit_one_message_and_a_long_text_is_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
