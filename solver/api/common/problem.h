/* Why a request was refused: problem details (RFC 9457). */
#ifndef SOLVER_API_PROBLEM_H
#define SOLVER_API_PROBLEM_H

#include "solver/base/err.h"

#define PROBLEM_TYPE "application/problem+json"
#define POINTER_MAX 128

/* What is wrong, and where in the body (JSON pointer, "" when it is not about a field). */
struct problem {
	int status; /* HTTP; 0: by err.code */
	struct err err;
	char pointer[POINTER_MAX];
	int retry_after_s; /* of 429 and 503; 0: 1 */
};

/* Sets everything; returns the code. */
int problem_set(struct problem *p, int status, int code, const char *pointer, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Puts "/name" or "/3" in front of the pointer. */
void problem_inside(struct problem *p, const char *step);
/* The HTTP status that a code means. */
int problem_status(int code);
/* {"type","title","status","detail","code","pointer"}; gives (free with free). */
char *problem_json(const struct problem *p);

#endif
