/* Polling: the cheap queries, until the value shows. What decides in the end is a check (check.h).
 *
 * A poll queries only the servers that have not shown the value yet. No recursive resolver is asked for the challenge name, so that no
 * cache learns that it does not exist. */
#ifndef SOLVER_CHECK_POLL_H
#define SOLVER_CHECK_POLL_H

#include "solver/check/location.h"

/* One query to every server (DNS), or to every address the requests that the authority makes (HTTP); `done` comes later and gets the verdict (taken). */
struct poll_request {
	const char *identifier, *token, *expected; /* expected: key authorization or value; NULL: anything */
	const char *authority;                     /* HTTP: profile whose rules hold; NULL: the configured one */
	struct location *location;                 /* DNS: `seen` is read and written */
};
typedef void (*poll_fn)(struct verdict *v, void *arg);
struct poll_run;
struct poll_run *poll_dns(struct checker *c, const struct poll_request *request, poll_fn done, void *arg);
struct poll_run *poll_http(struct checker *c, const struct poll_request *request, poll_fn done, void *arg);
/* `done` will not be called; replies still under way are dropped. */
void poll_cancel(struct poll_run *r);

#endif
