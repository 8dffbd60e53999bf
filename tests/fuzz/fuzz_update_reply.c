/* links: dcvd_dns */
/* Replies to a DNS UPDATE, signed or not. Without the secret nobody makes one that is proven: what verifies says what the recorded
 * reply of a server says. The first two bytes, the id, are made to fit. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/dns/message.h"
#include "solver/dns/reply_wire.h"
#include "solver/dns/tsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1795273918LL

static const struct dns_tsig_key key = { "dcvd-test", DNS_HMAC_SHA384, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v" };

/* The update for example.test whose reply was recorded (tests/unit/dns/test_tsig.c), and the flags and counts of that reply. */
static const char request[] = "\x12\x34\x28\0\0\1\0\0\0\1\0\0\7example\4test\0\0\6\0\1\17_acme-challenge\7example\4test\0\0\20\0\1\0\0\0\x3c\0\4\3abc";
static const char recorded[] = "\xa8\0\0\1\0\0\0\0\0\1";

static void verify(const uint8_t *data, size_t size)
{
	struct buf sent = BUF_INIT(512);
	struct tsig_mac mac;
	ldns_pkt *pkt = NULL;

	buf_add(&sent, request, sizeof(request) - 1);
	if (tsig_sign(&sent, &key, NOW, &mac, NULL) < 0)
		abort();
	if (reply_wire_read(data, size, &pkt, NULL) == 0 && ldns_pkt_tsig(pkt)) {
		tsig_error(ldns_pkt_tsig(pkt));
		if (tsig_verify(data, size, ldns_pkt_tsig(pkt), &key, &mac, NOW) && memcmp(data + 2, recorded, sizeof(recorded) - 1) != 0)
			abort();
	}
	ldns_pkt_free(pkt);
	buf_done(&sent);
}

/* `signer` NULL: without a key. */
static void parse(const struct dns_tsig_key *signer, const uint8_t *data, size_t size)
{
	CLEANUP(mem_freep) unsigned char *wire = NULL, *copy = mem_new(1, size + 1);
	struct dns_update *u = dns_update_new("example.test", NULL);
	struct dns_update_reply reply = { 0 };
	struct err err = { 0 };
	size_t length;

	if (!u || dns_update_add(u, "_acme-challenge.example.test", "abc", 60, NULL) < 0 || dns_update_build(u, signer, NOW, &wire, &length, NULL) < 0)
		abort();
	memcpy(copy, data, size);
	memcpy(copy, wire, size < 2 ? size : 2);
	if (dns_update_reply_parse(u, signer, copy, size, NOW, &reply, &err) < 0 ? err.code != ERR_PROTOCOL || !*err.text : reply.proven)
		abort();
	dns_rcode_name(reply.rcode);
	dns_rcode_name(reply.tsig_error);
	dns_update_free(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	verify(data, size);
	parse(NULL, data, size);
	parse(&key, data, size);
	return 0;
}
