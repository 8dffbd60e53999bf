#include "solver/base/id.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void id_random(void *bytes, size_t length)
{
	unsigned char *at = bytes;

	while (length) {
		ssize_t got = getrandom(at, length, 0);

		if (got < 0 && errno != EINTR)
			abort();
		if (got > 0) {
			at += got;
			length -= (size_t)got;
		}
	}
}

void id_new(char ret_id[ID_SIZE], const char prefix[2])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char bytes[ID_SIZE - 4];

	id_random(bytes, sizeof(bytes));
	ret_id[0] = prefix[0];
	ret_id[1] = prefix[1];
	ret_id[2] = '_';
	for (size_t i = 0; i < sizeof(bytes); i++)
		ret_id[3 + i] = alphabet[bytes[i] & 31];
	ret_id[ID_SIZE - 1] = '\0';
}
