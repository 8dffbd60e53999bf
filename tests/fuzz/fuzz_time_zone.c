/* links: dcvd_base */
/* Files of the tz database (RFC 9636): a time zone whose answers stay within two days of UTC, or ERR_DAMAGED; never a crash. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "solver/base/time_zone.h"

#define DAY_MS 86400000LL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t moments[] = { INT64_MIN / 2, -1, 0, 1790000000000, 4102444800000, 253402300799000, INT64_MAX / 2 };
	struct time_zone *zone = NULL;

	if (time_zone_parse(data, size, &zone) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		time_zone_moment_ms(zone, moments[i]);
		if (llabs(time_zone_offset_ms(zone, moments[i])) > 2 * DAY_MS)
			abort();
	}
	time_zone_free(zone);
	return 0;
}
