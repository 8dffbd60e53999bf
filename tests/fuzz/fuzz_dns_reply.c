/* links: dcvd_dns */
/* Packets from name servers; the question is the one the corpus was made for. */
#include <stdint.h>
#include <stdlib.h>

#include "solver/dns/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int types[] = { DNS_TXT, DNS_NS, DNS_CNAME };
	struct dns_reply reply;
	struct err err;
	char target[NAME_SIZE];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (dns_reply_parse(data, size, "a.example", types[i], &reply, &err) < 0)
			continue;
		dns_reply_referral(&reply, "example");
		dns_reply_zone(&reply);
		dns_reply_holder(&reply, "a.example");
		dns_reply_alias(&reply, "a.example", target);
		dns_reply_done(&reply);
	}
	return 0;
}
