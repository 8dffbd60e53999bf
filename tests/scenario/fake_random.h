/* Numbers that look random and are the same in every run. */
#ifndef TESTS_SCENARIO_FAKE_RANDOM_H
#define TESTS_SCENARIO_FAKE_RANDOM_H

#include <stddef.h>

void fake_random_seed(unsigned seed);
unsigned fake_random(void);
void fake_random_bytes(void *bytes, size_t length);

#endif
