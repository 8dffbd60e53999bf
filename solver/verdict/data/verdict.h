/* A verdict: what the authority would answer, and why. One type for the engine, the check command and the API.
 *
 * Pure: judge() (judge.h) makes it from recorded evidence (evidence.h) and the rules of an authority
 * (authority.h); nothing here asks anybody or looks at a clock. In JSON:
 *
 *   {"result":"pass|fail|flaky|unknown","stage":"identifier|lookup|validation|caa|perspectives|budget",
 *    "error_type":"urn:ietf:params:acme:error:dns"|null,"detail":"the authority's sentence","fixes":["first what to do first",…],
 *    "findings":[{"severity":"error|warning|note","stage":"caa","code":"caa-denied","text":"…","fix":"…"|null},…],
 *    "identifier":"www.example.org","wildcard":false,"type":"dns-01","authority":"letsencrypt",
 *    "zone":"example.org"|null,"fqdn":"_acme-challenge.www.example.org"|null,"at":"2026-11-21T14:20:00.123Z",
 *    "looks":[{"server":"ns1.example.org","address":"192.0.2.1","ok":true,"status":"NOERROR"|"200"|"timeout",
 *              "values":["…"],"authoritative":true,"elapsed_ms":3,"at":"…","detail":"…"}],
 *    "evidence":{…}}            only where asked for: evidence.h
 *
 * "mends" and "mend" are the former names of "fixes" and "fix", and are written beside them until the next release.
 */
#ifndef SOLVER_VERDICT_VERDICT_H
#define SOLVER_VERDICT_VERDICT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUERY_RESULTS_MAX 64
#define QUERY_VALUES_MAX 8
#define FINDINGS_MAX 64
#define QUERY_UNROUTABLE "unroutable" /* status of a result: no route leads from this host to the address */

/* PASS: it will say yes. FAIL: it will say no. FLAKY: that depends on which server, address or perspective it
 * draws. UNKNOWN: what it sees is not visible from here. */
enum verdict_result { VERDICT_PASS, VERDICT_FAIL, VERDICT_FLAKY, VERDICT_UNKNOWN };

/* In the order an authority goes through them. */
enum verdict_stage {
	STAGE_IDENTIFIER, STAGE_LOOKUP, STAGE_VALIDATION, STAGE_CAA, STAGE_PERSPECTIVES, STAGE_BUDGET, VERDICT_STAGES
};

/* The type after "urn:ietf:params:acme:error:" (RFC 8555 section 6.7). */
enum problem_type {
	PROBLEM_NONE, PROBLEM_DNS, PROBLEM_CONNECTION, PROBLEM_UNAUTHORIZED, PROBLEM_CAA, PROBLEM_TLS, PROBLEM_MALFORMED,
	PROBLEM_REJECTED_IDENTIFIER, PROBLEM_RATE_LIMITED, PROBLEM_SERVER_INTERNAL, PROBLEM_TYPES
};

enum finding_severity { FINDING_ERROR, FINDING_WARNING, FINDING_NOTE };

/* One thing that was found out. ERROR: the reason, or one of the reasons, of the result. */
struct finding {
	enum finding_severity severity;
	enum verdict_stage stage;
	const char *code; /* static and stable: "caa-denied", "doubled-label" */
	char *text;       /* a sentence */
	char *fix;       /* an imperative line with the names filled in, or NULL */
};

/* What one server address answered at the last query. */
struct query_result {
	char *server;        /* name of the server or host */
	char *address;
	bool ok;             /* the right answer */
	bool silent;         /* said nothing that an authority could be misled by: silent, refused, SERVFAIL, unroutable */
	char *status;        /* rcode, HTTP status, or "timeout", "refused connection" … */
	char *values[QUERY_VALUES_MAX];
	size_t value_count;
	bool authoritative;
	int64_t elapsed_ms, at_ms;
	char *detail;        /* a sentence, or NULL */
};

struct verdict {
	enum verdict_result result;
	enum verdict_stage stage;      /* the one that decided; of a PASS the last one that was judged */
	enum problem_type problem;     /* of FAIL and FLAKY */
	bool doubted;                  /* UNKNOWN because of what this host itself cannot do */
	char *detail;                  /* the sentence the authority would give; of a PASS what was seen */
	struct finding findings[FINDINGS_MAX]; /* most likely cause first once judged */
	size_t finding_count;
	char *identifier, *type, *authority;
	bool wildcard;
	char *zone, *fqdn;             /* where the record must stand, or NULL */
	struct query_result results[QUERY_RESULTS_MAX];
	size_t result_count;
	int64_t at_ms;                 /* wall clock */
};

struct verdict *verdict_new(void);
void verdict_free(struct verdict *v);
bool query_result_is_unroutable(const struct query_result *l); /* by its status */
void query_result_done(struct query_result *l); /* frees what it holds, and zeroes it */
struct query_result *verdict_add_result(struct verdict *v, const char *server, const char *address); /* NULL at QUERY_RESULTS_MAX */
/* Adds a finding; `text` and `fix` are taken (fix may be NULL). At FINDINGS_MAX it takes the place
 * of a less important one, or is dropped. */
void verdict_add_finding(struct verdict *v, enum finding_severity severity, enum verdict_stage stage, const char *code, char *text, char *fix);
/* The result and its reason, from a stage: FAIL outweighs FLAKY, that UNKNOWN, that PASS; of equals the earliest stage in an
 * authority's order decides, others only add findings. `detail` is taken; it may be NULL for a PASS. */
void verdict_decide(struct verdict *v, enum verdict_result result, enum verdict_stage stage, enum problem_type problem, char *detail);

/* Takes a PASS or FAIL back, which nothing here proves: UNKNOWN. `detail` is taken. */
void verdict_withdraw(struct verdict *v, enum verdict_stage stage, char *detail);

json_t *verdict_to_json(const struct verdict *v); /* gives */
char *verdict_json(const struct verdict *v);      /* the same as text; gives (free with free) */

const char *verdict_result_name(enum verdict_result result);
const char *verdict_stage_name(enum verdict_stage stage);
const char *problem_type_name(enum problem_type type); /* "dns"; NULL for PROBLEM_NONE */
const char *finding_severity_name(enum finding_severity severity);

#endif
