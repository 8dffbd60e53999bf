#include "solver/base/pause.h"

int64_t pause_doubled(int64_t first_ms, int64_t most_ms, unsigned tries)
{
	while (tries-- && first_ms < most_ms)
		first_ms *= 2;
	return first_ms < most_ms ? first_ms : most_ms;
}
