/* links: dcvd_nameserver */
/* Any bytes as a DNS query, over UDP and TCP: the reply stays within its room and is a response. */
#include <stdlib.h>
#include <string.h>

#include "solver/nameserver/respond.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct zones *zones;
static struct answers *answers;

static void prepare(void)
{
	static const char *const names[] = { "acme.example", NULL }, *const servers[] = { "ns1.acme.example 192.0.2.1", NULL };
	struct nameserver_options o = { .zones = names, .name_servers = servers };

	if (zones_new(&o, NULL, &zones, NULL) < 0)
		abort();
	answers = answers_new();
	answers_set_dns(answers, "_acme-challenge.www.acme.example", "value");
	for (char value[] = "a"; value[0] <= 'z'; value[0]++)
		answers_set_dns(answers, "m.acme.example", value);
}

static void check(const uint8_t *data, size_t size, bool tcp)
{
	static uint8_t reply[RESPOND_TCP_MAX];
	size_t length = nameserver_respond(zones, answers, data, size, tcp, reply, tcp ? RESPOND_TCP_MAX : RESPOND_UDP_MAX);

	if (length && (length < WIRE_HEADER || !(reply[2] & 0x80) || memcmp(reply, data, 2) != 0))
		abort();
	if (!tcp && length > RESPOND_UDP_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!zones)
		prepare();
	check(data, size, false);
	check(data, size, true);
	return 0;
}
