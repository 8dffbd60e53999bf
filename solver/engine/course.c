#include "solver/engine/course.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/engine/entry.h"

#define KEY "clock" /* "BOOT COURSE SINCE" */

void course_load(struct engine *e)
{
	CLEANUP(mem_freep) char *text = NULL;
	char boot[CLOCK_BOOT_SIZE], kept[CLOCK_BOOT_SIZE];
	int64_t course_ms, since_ms;
	struct err err;

	if (store_get_setting(e->parts.store, KEY, &text, &err) < 0 || !text ||
	    sscanf(text, "%39s %" SCNd64 " %" SCNd64, kept, &course_ms, &since_ms) != 3 || strcmp(kept, clock_boot(boot)) != 0)
		return;
	loop_resume_course(e->parts.loop, course_ms, since_ms);
}

void course_keep(struct engine *e)
{
	CLEANUP(mem_freep) char *text = NULL;
	char boot[CLOCK_BOOT_SIZE];
	int64_t course_ms, since_ms;
	struct store_txn *t;

	if (!*clock_boot(boot))
		return;
	loop_course(e->parts.loop, &course_ms, &since_ms);
	text = mem_printf("%s %" PRId64 " %" PRId64, boot, course_ms, since_ms);
	t = store_begin(e->parts.store);
	store_set(t, KEY, text);
	store_commit(t, NULL, NULL); /* refused: the next start waits for its minute */
}
