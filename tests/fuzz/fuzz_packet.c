/* links: dcvd_dns */
/* Packets from strangers, read for the record: every record's owner and data as text. */
#include <stdint.h>
#include <stdlib.h>

#include "solver/dns/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet_record record;
	struct packet packet;
	int64_t strings;
	struct err err;
	char *text;

	if (packet_open(data, size, &packet, &err) < 0)
		return 0;
	while (packet_next(&packet, &record, &err) > 0) {
		if (packet_data(&packet, &record, &text, &strings, &err) == 0)
			free(text);
	}
	return 0;
}
