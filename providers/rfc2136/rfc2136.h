/* DNS UPDATE (RFC 2136) with TSIG (RFC 8945): BIND, Knot, PowerDNS, and whatever speaks it.
 *
 * All changes of a job go in one message, split only when it would pass max-message; the server
 * carries out each message whole or not at all. The message expects that no TXT record stands at the names yet;
 * where one does, the server is asked for it, and our value gets the TTL that stands there. When a reply is lost,
 * the server is asked what it has. A value's handle is the name of the key that wrote it: another key may lead to
 * another view of the same server, so a removal with it is believed only when that key sees the value. */
#ifndef PROVIDERS_RFC2136_RFC2136_H
#define PROVIDERS_RFC2136_RFC2136_H

#include <stdint.h>

#include "providers/provider.h"
#include "solver/base/secret.h"

struct rfc2136_options {
	char *server;             /* address[:port] of the primary */
	char *key_name;
	int key_algorithm;        /* enum dns_tsig_algorithm */
	struct secret *key_secret;/* base64 */
	int64_t ttl_min;          /* seconds */
	bool tcp;
	int64_t max_message;      /* bytes */
};

extern const struct provider_api rfc2136_provider;

#endif
