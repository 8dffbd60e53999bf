#include "solver/akamai/media.h"

#include <stddef.h>
#include <string.h>

static const struct { const char *newer, *older; } pairs[AKAMAI_MEDIA_PAIRS] = {
	{ "enrollments.v12", "enrollments.v11" }, { "enrollment.v12", "enrollment.v11" }, { "deployments.v8", "deployments.v7" },
	{ "deployment.v8", "deployment.v7" }, { "change-management-info.v6", "change-management-info.v5" },
};

int akamai_media_pair(const char *media)
{
	for (int i = 0; media && i < AKAMAI_MEDIA_PAIRS; i++)
		if (strcmp(pairs[i].newer, media) == 0)
			return i;
	return -1;
}

const char *akamai_media_older(int pair)
{
	return pairs[pair].older;
}
