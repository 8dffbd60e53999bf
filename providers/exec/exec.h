/* A program of the user's puts values into a zone and takes them out.
 *
 * mode per-change: `command args… present|cleanup FQDN. VALUE`, once for each change, as lego's exec
 * provider calls it. The same stands in DCVD_ACTION, DCVD_FQDN, DCVD_VALUE, DCVD_ZONE and DCVD_TTL.
 *
 * DCVD_TTL is for a record set that does not exist yet: the program keeps the TTL of one that does, as it keeps its values.
 *
 * mode batch-json: `command args…` once for a job, which it reads from standard input:
 *   {"zone":"example.org","changes":[{"op":"add","fqdn":"_acme-challenge.example.org","value":"…","ttl":60,"handle":null}]}
 * With exit status 0 it may print results, in the same order ("handle" comes back with the removal):
 *   {"results":[{"status":"done","handle":"…","message":"…"}],"retry_after_ms":1000}
 * status is one of done, noop, retry, rate-limited, denied, no-zone, fatal, unknown. Printing nothing means done.
 *
 * After "denied" or "fatal" of several changes dcvd runs the program again with fewer of them, down to each alone.
 *
 * Exit status: 0 done; 77 (EX_NOPERM) denied; 64 (EX_USAGE), 78 (EX_CONFIG), 126 and 127 refused for good;
 * any other one, 75 (EX_TEMPFAIL) among them, and a signal: tried again until the challenge's deadline,
 * because hooks say 1 for everything. The last line of standard error is the reason that is shown. */
#ifndef PROVIDERS_EXEC_EXEC_H
#define PROVIDERS_EXEC_EXEC_H

#include <stdint.h>

#include "providers/provider.h"

enum exec_mode { EXEC_PER_CHANGE, EXEC_BATCH_JSON };

struct exec_options {
	char *command;
	char **args;
	char **environment;
	int64_t timeout_ms;
	int mode; /* enum exec_mode */
};

extern const struct provider_api exec_provider;

#endif
