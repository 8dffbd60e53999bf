#include "solver/base/hash.h"

#include <pthread.h>
#include <string.h>

#include "solver/base/id.h"

#define PRIME UINT64_C(0x9fb21c651e98df25)

static uint64_t seed;

static void choose_seed(void)
{
	id_random(&seed, sizeof(seed));
}

uint64_t hash_begin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, choose_seed);
	return seed;
}

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint64_t word = length;

	for (; length >= 8; at += 8, length -= 8) {
		uint64_t eight;

		memcpy(&eight, at, 8);
		hash = (hash ^ eight) * PRIME;
		hash ^= hash >> 32;
	}
	for (size_t i = 0; i < length; i++)
		word = word << 8 | at[i];
	hash = (hash ^ word) * PRIME;
	return hash ^ hash >> 29;
}

uint64_t hash_text(uint64_t hash, const char *text)
{
	return text ? hash_bytes(hash, text, strlen(text)) : hash * PRIME;
}
