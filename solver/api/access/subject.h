/* How the grants name a client's certificate: "sha256:<64 hex digits>" (colons allowed) is this one certificate, a text with
 * '=' is the whole subject ("CN=a,O=b", in any order of its parts), any other text is the common name. Pure. */
#ifndef SOLVER_API_SUBJECT_H
#define SOLVER_API_SUBJECT_H

#include <stdbool.h>

#include "solver/base/err.h"

struct subject_rule {
	char *text; /* as it was granted */
	char *key;  /* for the comparison */
	enum subject_kind { SUBJECT_CN, SUBJECT_WHOLE, SUBJECT_FINGERPRINT } kind;
};

int subject_rule_read(const char *text, struct subject_rule *ret, struct err *err);
void subject_rule_done(struct subject_rule *r);
/* `subject` as in RFC 4514; `fingerprint` in lower-case hex. Any may be NULL. */
bool subject_rule_fits(const struct subject_rule *r, const char *subject, const char *cn, const char *fingerprint);

#endif
