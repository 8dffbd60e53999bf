/* Nothing waits in silence: a command that has had no news for five seconds says what it waits for, and says so again when that
 * is something else, or after a while. On stderr, on a terminal and elsewhere. */
#ifndef SOLVER_CLI_COMMON_WAITING_H
#define SOLVER_CLI_COMMON_WAITING_H

#include <stdint.h>

#define WAITING_SLICE_MS 1000 /* whoever waits looks as often as this */

struct waiting {
	int64_t quiet_ms; /* monotonic: since when there was no news; 0: not begun */
	int64_t told_ms;  /* monotonic: when it was told last; 0: never */
	char *told;
};

/* It goes on: called again and again with what is waited for now. */
void waiting_for(struct waiting *w, const char *what);
void waiting_news(struct waiting *w); /* something was told meanwhile: five seconds more */
void waiting_done(struct waiting *w);

#endif
