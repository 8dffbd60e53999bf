#include "solver/cli/common/waiting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"

#define PATIENCE_MS 4000 /* a slice may pass until the next look */
#define AGAIN_MS 60000  /* the same */
#define OTHER_MS 10000  /* something else */

static void tell(struct waiting *w, const char *what, int64_t now)
{
	fputs("dcvd: waiting: ", stderr);
	for (; *what; what++)
		fputc((unsigned char)*what < 0x20 || *what == 0x7f ? ' ' : *what, stderr);
	fputc('\n', stderr);
	w->told_ms = now;
}

void waiting_for(struct waiting *w, const char *what)
{
	int64_t now = clock_monotonic_ms();
	int64_t pause = !w->told ? 0 : strcmp(w->told, what) == 0 ? AGAIN_MS : OTHER_MS;

	if (!w->quiet_ms)
		w->quiet_ms = now;
	if (now - w->quiet_ms < PATIENCE_MS || now - w->told_ms < pause)
		return;
	mem_replace(&w->told, what);
	tell(w, what, now);
}

void waiting_news(struct waiting *w)
{
	w->quiet_ms = clock_monotonic_ms();
	mem_replace(&w->told, NULL);
}

void waiting_done(struct waiting *w)
{
	free(w->told);
	*w = (struct waiting){ 0 };
}
