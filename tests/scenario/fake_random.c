/* The engine's noise in a scenario: the same in every run. Ids stay random. */
#include "tests/scenario/fake_random.h"

#include <stdint.h>

static uint64_t state = 1;

void fake_random_seed(unsigned seed)
{
	state = seed * 2654435769u + 1;
}

unsigned fake_random(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33);
}

void fake_random_bytes(void *bytes, size_t length)
{
	unsigned char *at = bytes;

	while (length--)
		*at++ = (unsigned char)fake_random();
}
