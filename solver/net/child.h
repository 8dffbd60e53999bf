/* Child processes on the loop (libuv): program, environment, one blob on stdin, bounded output,
 * a time limit that ends the whole process group (SIGTERM, then SIGKILL). */
#ifndef SOLVER_NET_CHILD_H
#define SOLVER_NET_CHILD_H

#include <stddef.h>

#include "solver/base/err.h"
#include "solver/net/loop.h"

struct child_request {
	const char *const *argv; /* NULL-ended; argv[0] is a path, no shell */
	const char *const *env;  /* NULL-ended "NAME=value"; added to PATH, HOME and LANG only */
	const void *input;
	size_t input_length;
	size_t max_output;       /* bytes of stdout, and of stderr; 0: 64 KiB; the rest is dropped */
	int timeout_ms;          /* 0: 60000 */
};

struct child_result {
	int exit_status; /* or -signal */
	const char *output, *errors; /* zero-ended; borrowed for the call */
};

int child_start(struct loop *l, const struct child_request *request,
                void (*done)(const struct child_result *result, const struct err *err, void *arg), void *arg,
                struct err *err);

#endif
