/* Who wants to hear of which order: one watch at the engine, spread by order id. */
#ifndef SOLVER_API_HUB_H
#define SOLVER_API_HUB_H

#include "solver/engine/engine.h"

struct hub;
struct hub_listener;

typedef void (*hub_fn)(const struct challenge *c, const struct challenge_event *event, void *arg);

struct hub *hub_new(struct engine *e);
/* The listeners left are freed. */
void hub_free(struct hub *h);
/* `order_id` NULL: of every order. */
struct hub_listener *hub_listen(struct hub *h, const char *order_id, hub_fn fn, void *arg);
/* Allowed inside a call; NULL is allowed. */
void hub_leave(struct hub_listener *l);

#endif
