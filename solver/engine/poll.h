/* When to query next, and which server: soon when the record is expected, rarely otherwise. Pure: no clock, no I/O.
 *
 * The pause between two queries grows with the time already waited, so that what is noticed late is noticed late in proportion.
 * Each time only one of the servers that have not shown the value is asked, in turn: they mostly change together, and when
 * one shows it, all others are asked at once. So a server is asked seldom while many are waited for, and a single one that lags
 * gets every query. No server is asked more than POLL_QUERIES times in POLL_WINDOW_MS.
 */
#ifndef SOLVER_ENGINE_POLL_H
#define SOLVER_ENGINE_POLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLL_SERVERS_MAX 64
#define POLL_WINDOW_MS 600000
#define POLL_QUERIES 80
#define POLL_RESERVE 4 /* of these, for the checks that decide */

/* How long a provider usually takes from its answer until every server shows the value. */
#define DELAYS_KEPT 32
struct delays {
	int64_t ms[DELAYS_KEPT]; /* the newest ones, a ring */
	unsigned count, next;
};
void delays_add(struct delays *d, int64_t ms);
/* False while too few are known. */
bool delays_usual(const struct delays *d, int64_t *ret_early_ms, int64_t *ret_late_ms);
/* "120,4500,…" and back; what cannot be read is left out. Gives (free with free). */
char *delays_text(const struct delays *d);
void delays_read(const char *text, struct delays *ret);

struct poll_server {
	int64_t asked_ms;    /* the last time; 0: not yet */
	unsigned char asked; /* in the window */
	bool shown;          /* the value was there */
	bool waiting;        /* its answer is awaited */
	bool silent;         /* it said nothing at all when asked last */
};

struct poll {
	int64_t since_ms, window_ms;
	int64_t early_ms, late_ms; /* usual delay; 0: not known */
	int64_t min_ms, max_ms;    /* pauses: may be set after poll_begin() */
	size_t count, turn;
	unsigned char phase;
	struct poll_server servers[POLL_SERVERS_MAX];
};

/* `usual` may be NULL. `phase` is any number: it shifts the queries, so that those of many names do not come at once. */
void poll_begin(struct poll *p, size_t servers, int64_t now_ms, unsigned char phase, const struct delays *usual);
/* The server whose turn it is, counted as asked, or -1: none may be asked now. */
int poll_ask(struct poll *p, int64_t now_ms);
/* The next server that was not asked just now, counted as asked, or -1: for when another one has shown it. */
int poll_ask_rest(struct poll *p, int64_t now_ms);
void poll_answer(struct poll *p, size_t server, bool shown, bool silent);
size_t poll_pending(const struct poll *p);
/* All that speak show it, and at least one does. */
bool poll_only_silent(const struct poll *p);
/* Until the next turn. */
int64_t poll_pause(const struct poll *p, int64_t now_ms);

#endif
