/* Akamai CPS as a source of challenges and a receiver of acknowledgements.
 *
 * `struct cps` ties the client (credentials, budget), the configuration, the engine and the store together.
 * Opening it needs no credentials: they are read when a call needs them, so a service without an .edgerc
 * starts, and a changed file takes effect without a restart. All calls are made on the loop thread.
 */
#ifndef SOLVER_CPS_CPS_H
#define SOLVER_CPS_CPS_H

#include <jansson.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/base/id.h"
#include "solver/conf/config.h"
#include "solver/engine/engine.h"
#include "solver/net/http.h"
#include "solver/net/loop.h"
#include "solver/store/store.h"

struct cps;

struct cps_parts {
	struct loop *loop;
	struct http_client *http;
	struct engine *engine;       /* NULL: only list, show, ack and request */
	struct store *store;         /* NULL: as above; remembers what was acknowledged */
	const struct config *config; /* borrowed; cps_reconfigure() replaces it */
};

int cps_open(const struct cps_parts *parts, struct cps **ret, struct err *err);
/* Stops validations and calls under way without a word; what is published stays in the journal, and the
 * next start goes on with it. NULL is allowed. */
void cps_close(struct cps *c);
void cps_reconfigure(struct cps *c, const struct config *config);

/* Is told of every acknowledgement that a validation sent and CPS took. For the audit log. NULL: nobody. */
typedef void (*cps_acknowledged_fn)(int64_t enrollment, int64_t change, const char *what, void *arg);
void cps_on_acknowledged(struct cps *c, cps_acknowledged_fn fn, void *arg);

/* Starts to validate the newest pending change of an enrollment, or joins the validation of it that is under
 * way. Gives its id ("va_…") at once; what happens is told by cps_validation_json(). Fails when there are no
 * usable credentials (the sentence names file, section and key). */
int cps_validation_start(struct cps *c, int64_t enrollment, char ret_id[ID_SIZE], struct err *err);
/* {"id","enrollment","change":N|null,"state":"running|done|failed|cancelled|unknown","waits_for":null|"…","order_id":…|null,"error":null|{"code","detail"},
 *  "sentences":[{"at","text"}],"started","finished":…|null}; gives (free with json_decref), NULL: no such id.
 * The newest 100 finished ones are remembered. */
json_t *cps_validation_json(struct cps *c, const char *id);
/* An array of the above, newest first, without the sentences; gives. */
json_t *cps_validations_json(struct cps *c);

/* One answer, exactly once, later, on the loop: the result (borrowed), or NULL and an error. */
typedef void (*cps_answer_fn)(json_t *result, const struct err *err, void *arg);

/* {"enrollments":[{"id","cn","sans","validation_type","ra","pending_changes":[{"id","type"}]}]} */
int cps_list(struct cps *c, cps_answer_fn done, void *arg, struct err *err);
/* The enrollment as in cps_list, and "change":null|{"id","state","status","description","error","allowed_input",
 * "names":[{"domain","status","expires","challenges":[{"type","status","full_path","response_body"}]}]} */
int cps_show(struct cps *c, int64_t enrollment, cps_answer_fn done, void *arg, struct err *err);
/* {"id","expiry":"2027-…"|null}: when the certificate in production ends; null when nothing is deployed. */
int cps_certificate(struct cps *c, int64_t enrollment, cps_answer_fn done, void *arg, struct err *err);
/* Says to CPS that the challenges of the newest pending change are in place, whatever dcvd knows of them.
 * {"change":N,"acknowledged":true}; ERR_NOT_FOUND: nothing waits for an acknowledgement. */
int cps_ack(struct cps *c, int64_t enrollment, cps_answer_fn done, void *arg, struct err *err);

#endif
