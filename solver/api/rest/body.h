/* The bodies of requests, read into engine requests. Pure; text is borrowed from the document. */
#ifndef SOLVER_API_BODY_H
#define SOLVER_API_BODY_H

#include "solver/api/common/fields.h"
#include "solver/engine/engine.h"

/* What POST /v1/challenges and POST /v1/orders ask for. */
struct order_body {
	json_t *document;
	struct challenge_request *challenges;
	struct order_request request; /* without the client */
	bool single;                  /* one challenge: pointers have no "/challenges/0" in front */
};

/* After success order_body_done(). */
int body_read_challenge(const char *text, size_t length, struct order_body *ret, struct problem *problem);
int body_read_order(const char *text, size_t length, struct order_body *ret, struct problem *problem);
void order_body_done(struct order_body *b);

struct check_body {
	json_t *document;
	struct check_request request;
};
int body_read_check(const char *text, size_t length, struct check_body *ret, struct problem *problem);

/* POST /v1/clients: {"name","grants":{…}}. `grants` is borrowed from the document. */
struct client_body {
	json_t *document;
	const char *name;
	json_t *grants;
};
/* {"grants": {…}} alone. */
int body_read_grants(const char *text, size_t length, struct client_body *ret, struct problem *problem);
int body_read_client(const char *text, size_t length, struct client_body *ret, struct problem *problem);

#endif
