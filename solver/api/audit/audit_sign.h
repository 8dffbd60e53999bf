/* The signed head of the audit log. A copy of it proves later what the log held at that time, and whether it still holds it. */
#ifndef SOLVER_API_AUDIT_SIGN_H
#define SOLVER_API_AUDIT_SIGN_H

#include <jansson.h>

#include "solver/api/audit/audit_chain.h"
#include "solver/conf/config.h"

/* {"number","digest"} and, with `sign`, {"statement","signature","public_key"}: the signature (base64) is Ed25519 over the bytes of the statement, by the
 * key of audit.key, or of the file audit.key in the state folder, which is made when there is none. Gives *ret. */
int audit_head_json(const struct config *config, const struct audit_chain *head, bool sign, json_t **ret, struct err *err);

/* Whether the key of audit.key, where the configuration has one, can sign. */
int audit_key_check(const struct config *config, struct err *err);

#endif
