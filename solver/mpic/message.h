/* Open MPIC messages (open-mpic-specification 3.5), in and out. Pure.
 *
 * A coordinator is asked at /mpic, a perspective at /dcv and /caa. What is known of ACME is spoken: acme-http-01 and acme-dns-01; the other
 * methods of the specification are refused by name. */
#ifndef SOLVER_MPIC_MESSAGE_H
#define SOLVER_MPIC_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/verdict/judge.h"

#define MPIC_ISSUERS_MAX 16
#define MPIC_ATTEMPTS_MAX 3

/* What is to be corroborated. Text is borrowed from where it was read. */
struct mpic_question {
	bool caa;                   /* otherwise DCV */
	const char *domain;         /* "*.…" for a wildcard */
	const char *type;           /* "http-01" or "dns-01"; NULL for CAA */
	const char *token, *key_authorization; /* http-01 */
	const char *value;          /* dns-01 */
	const char *issuers[MPIC_ISSUERS_MAX + 1]; /* CAA: NULL-ended */
	int64_t perspective_count, quorum_count, attempts; /* /mpic; 0: not said */
	const char *trace;          /* or NULL */
};

/* What one perspective said. */
struct mpic_result {
	char *code, *rir;
	bool completed, passed;
	char *problem;              /* ACME error type, or NULL */
	char *detail;
	json_t *response;           /* its check_response as it came, or NULL */
	int64_t elapsed_ms;
};
void mpic_result_done(struct mpic_result *r);

/* Reads a body of /mpic (`coordinator`), /dcv or /caa. `all` is the parsed body, which must outlive *ret. */
int mpic_question_read(const json_t *all, bool coordinator, bool caa, struct mpic_question *ret, struct err *err);
/* The body to send; gives. */
json_t *mpic_question_json(const struct mpic_question *q, bool coordinator);
/* The answer of a perspective, from evidence and verdict; gives. */
json_t *mpic_response_json(const struct mpic_question *q, const struct evidence *e, const struct verdict *v);
/* Reads the answer of a perspective into *r (code and rir are there). A reply that is none leaves completed false. */
void mpic_response_read(const json_t *response, struct mpic_result *r);

/* Baseline Requirements, 3.2.2.9: of 2 to 5 remote perspectives one may fail to corroborate, of 6 and more two. */
size_t mpic_quorum(size_t perspectives);
/* Enough of them completed and passed, from at least two registries' regions when there are that many among those asked. */
bool mpic_is_valid(const struct mpic_result *list, size_t count, size_t quorum);
/* The answer of a coordinator; gives. */
json_t *mpic_answer_json(const struct mpic_question *q, const struct mpic_result *list, size_t count, size_t quorum, int64_t attempts);

#endif
