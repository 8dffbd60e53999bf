/* Events as CloudEvents 1.0 in the structured JSON mode: the body of callbacks, and of the event stream on
 * request. The id is made from the event itself, so that an event that is sent again, also after a restart, has the same id. */
#ifndef SOLVER_API_CLOUDEVENTS_H
#define SOLVER_API_CLOUDEVENTS_H

#include <jansson.h>

#include "solver/engine/engine.h"

#define CLOUDEVENTS_TYPE "application/cloudevents+json"

/* "dcvd.order.ready" or "dcvd.order.failed"; the data is the order as the API shows it. Gives (free with json_decref). */
json_t *cloudevent_order(struct engine *e, const struct order *o, enum order_state state);
/* "dcvd.cps.<type>"; the subject is the key of the enrollment. Gives. */
struct cps_event;
json_t *cloudevent_cps(const struct cps_event *event);
/* {"type","enrollment","account","key","name","change","kind","text","at"}; gives. */
json_t *cps_event_json(const struct cps_event *event);
/* "dcvd.challenge.<state>"; the data is the event as the stream shows it. Gives. */
json_t *cloudevent_challenge(const struct challenge *c, const char *order_id, const struct challenge_event *event);

#endif
