/* A provider for tests: one set of (zone, fqdn, value) for the whole process, and faults on demand.
 *
 * With the option "server" it is another set: its records have the zone "SERVER/ZONE". Instances share the set, as accounts at a real provider share a zone. Used from one thread. */
#ifndef PROVIDERS_MEMORY_MEMORY_H
#define PROVIDERS_MEMORY_MEMORY_H

#include <stddef.h>

#include "providers/provider.h"

struct memory_options {
	int64_t fail_first;    /* jobs that fail before one succeeds */
	int64_t limit_first;   /* jobs that are told to slow down, after those */
	int64_t lose_first;    /* jobs that are carried out but reported as unknown, after those */
	int64_t retry_after_ms;/* told with the first two */
	int64_t pause_ms;      /* before a job is carried out */
	char *server;          /* which of several sets of records; NULL: the one without a name */
	bool unreachable;      /* no job reaches the records, and the engine is told so */
	bool silent;           /* no job reaches the records, and the engine is not told */
	char *refuse;          /* a sentence: every job is denied with it */
	char *refuse_name;     /* every job that holds this name is denied as a whole */
	char *lost_zone;       /* every job for this zone is told that there is no such zone */
};

extern const struct provider_api memory_provider;

/* What stands in the set. `zone` NULL: any zone. */
bool memory_has(const char *zone, const char *fqdn, const char *value);
size_t memory_count(const char *zone, const char *fqdn); /* fqdn NULL: any name */
/* Another hand at the same zone. Both succeed when there is nothing to do. */
void memory_put(const char *zone, const char *fqdn, const char *value);
void memory_take(const char *zone, const char *fqdn, const char *value);
void memory_clear(void);
/* Jobs carried out since the last memory_clear(): what a caller counts to see batching. */
size_t memory_jobs(void);

#endif
