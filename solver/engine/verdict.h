/* A verdict: what the authority would see, and why it would refuse. One type for the engine, the
 * check command and the API. In JSON:
 *
 *   {"result":"pass|fail|flaky|unknown","stage":"lookup|validation","error_type":"urn:ietf:params:acme:error:…"|null,
 *    "detail":"one sentence","mends":["…"],"zone":"example.org"|null,"fqdn":"_acme-challenge.…"|null,
 *    "looks":[{"server":"ns1.example.org","address":"192.0.2.1","ok":true,"status":"NOERROR"|"200"|"timeout",
 *              "values":["…"],"authoritative":true,"elapsed_ms":3,"at":"2026-11-21T14:20:00.123Z","detail":"…"}]}
 */
#ifndef SOLVER_ENGINE_VERDICT_H
#define SOLVER_ENGINE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOKS_MAX 64
#define LOOK_VALUES_MAX 8

enum verdict_result { VERDICT_PASS, VERDICT_FAIL, VERDICT_FLAKY, VERDICT_UNKNOWN };

/* What one server address said at the last look. */
struct look {
	char *server;        /* name of the server or host */
	char *address;
	bool ok;             /* the right answer */
	char *status;        /* rcode, HTTP status, or "timeout", "refused connection" … */
	char *values[LOOK_VALUES_MAX];
	size_t value_count;
	bool authoritative;
	int64_t elapsed_ms, at_ms;
	char *detail;        /* a sentence, or NULL */
};

struct verdict {
	enum verdict_result result;
	const char *stage;
	const char *error_type; /* static, or NULL */
	char *detail;
	char *mend;          /* what to do, or NULL */
	char *zone, *fqdn;
	struct look looks[LOOKS_MAX];
	size_t look_count;
};

struct verdict *verdict_new(void);
void verdict_free(struct verdict *v);
struct look *verdict_look(struct verdict *v, const char *server, const char *address); /* NULL at LOOKS_MAX */
char *verdict_json(const struct verdict *v); /* gives (free with free) */
const char *verdict_result_name(enum verdict_result result);

#endif
