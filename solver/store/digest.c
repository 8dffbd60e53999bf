#include "solver/store/digest.h"

#include <string.h>

#define PRIME UINT64_C(0x9fb21c651e98df25)

/* Each step can be undone, so that one word that is different always leaves another digest. */
static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * PRIME;
	return h ^ (h >> 32);
}

static uint64_t mix_bytes(uint64_t h, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint64_t word;

	h = mix(h, length);
	for (; length >= sizeof(word); length -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		h = mix(h, word);
	}
	word = 0;
	if (length)
		memcpy(&word, at, length);
	return length ? mix(h, word) : h;
}

static uint64_t mix_value(uint64_t h, sqlite3_value *value)
{
	int type = sqlite3_value_type(value);

	h = mix(h, (uint64_t)type);
	if (type == SQLITE_INTEGER)
		return mix(h, (uint64_t)sqlite3_value_int64(value));
	if (type == SQLITE_NULL)
		return h;
	const void *bytes = sqlite3_value_blob(value);

	return mix_bytes(h, bytes, (size_t)sqlite3_value_bytes(value));
}

static void digest_values(sqlite3_context *context, int count, sqlite3_value **values)
{
	uint64_t h = (uint64_t)count;

	for (int i = 0; i < count; i++)
		h = mix_value(h, values[i]);
	/* The two bits that are cut off are folded in, so that they count. */
	sqlite3_result_int64(context, (int64_t)((h ^ (h >> 62)) & DIGEST_MASK));
}

int64_t digest_add(int64_t sum, int64_t digest)
{
	return (int64_t)(((uint64_t)sum + (uint64_t)digest) & DIGEST_MASK);
}

static void sum_step(sqlite3_context *context, int count, sqlite3_value **values)
{
	int64_t *sum = sqlite3_aggregate_context(context, sizeof(*sum));

	(void)count;
	if (sum)
		*sum = digest_add(*sum, sqlite3_value_int64(values[0]));
}

static void sum_final(sqlite3_context *context)
{
	int64_t *sum = sqlite3_aggregate_context(context, 0);

	sqlite3_result_int64(context, sum ? *sum : 0);
}

int digest_register(sqlite3 *db)
{
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
	int rc = sqlite3_create_function_v2(db, "dcvd_digest", -1, flags, NULL, digest_values, NULL, NULL, NULL);

	return rc == SQLITE_OK ? sqlite3_create_function_v2(db, "dcvd_sum", 1, flags, NULL, NULL, sum_step, sum_final, NULL) : rc;
}
