/* The front doors: REST (/v1/…, its contract is openapi.json), httpreq and acmeproxy, acme-dns, cert-manager's webhook, Open MPIC,
 * the status page, /metrics, health. Design section 9.
 *
 * It translates JSON into engine requests and back and knows who may ask for which name. It does not know providers or the format of the
 * journal. Everything runs on the loop thread. A key authorization, a token of a
 * client or a secret never stands in a reply or in the log.
 */
#ifndef SOLVER_API_API_H
#define SOLVER_API_API_H

#include "solver/api/caller/operator.h"
#include "solver/api/common/parts.h"
#include "solver/api/rest/delegations.h"
#include "solver/base/buf.h"

/* Checks the options and files of the listeners and audit.key. Appends a line for each mistake, and a warning for each setting that is valid
 * but probably not intended; each line begins with the option. Nothing listens. */
void api_check(const struct config *config, struct buf *mistakes, struct buf *warnings);
/* Listens on every address of api.listen. Callbacks that were not delivered before the restart go on.
 * Gives *ret (free with api_stop). A taken port is a sentence that names it and api.listen. */
int api_start(const struct api_parts *parts, struct api **ret, struct err *err);
/* Before engine_close(): waiting callers and streams are cut. NULL is allowed. */
void api_stop(struct api *a);
/* A reload, in two steps of the same turn of the loop: api_prepare() opens new addresses, and what can fail fails there; then either
 * api_reconfigure(), which takes the change, and all takes effect at once, or http_listeners_abort(). */
struct http_listeners_change;
int api_prepare(struct api *a, const struct config *config, struct http_listeners_change **ret, struct err *err);
void api_reconfigure(struct api *a, const struct config *config, struct http_listeners_change *listeners);

/* What it knows of clients and accounts (holder.h); borrowed until the next return to the loop. */
struct holders;
void api_holders(const struct api *a, struct holders *ret);

#endif
