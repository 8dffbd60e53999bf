/* Multi-perspective corroboration (Open MPIC), in all its roles: a client of a coordinator, a coordinator of its own peers,
 * and a perspective that others ask. Baseline Requirements 3.2.2.9; the configuration's `perspectives:` says who the others are.
 *
 * Everything runs on the loop thread. Whether somebody may ask is decided at the door (api/), which also limits the rate. */
#ifndef SOLVER_MPIC_MPIC_H
#define SOLVER_MPIC_MPIC_H

#include "solver/base/err.h"
#include "solver/check/check.h"
#include "solver/conf/config.h"
#include "solver/mpic/message.h"
#include "solver/net/http.h"
#include "solver/net/loop.h"

#define MPIC_PEERS_MAX 32
#define MPIC_REPLY_MAX (256 * 1024)

struct mpic;

struct mpic_parts {
	struct loop *loop;
	struct http_client *http;
	struct checker *checker;
	const struct config *config; /* borrowed; mpic_reconfigure() replaces it */
};

/* Stands beside the checker from now on: what passes there is corroborated where a check asks for perspectives. A peer that cannot
 * be read is an error that names it. Gives *ret. */
int mpic_open(const struct mpic_parts *parts, struct mpic **ret, struct err *err);
/* One of perspectives.peers: 0, or a sentence that names it. */
int mpic_check_peer(const char *text, struct err *err);
/* The end, in two steps: mpic_stop(), and nothing calls back any more; then, with the HTTP client gone, mpic_close(). NULL is allowed. */
void mpic_stop(struct mpic *m);
void mpic_close(struct mpic *m);
int mpic_reconfigure(struct mpic *m, const struct config *config, struct err *err);
/* There are others to ask. */
bool mpic_has_others(const struct mpic *m);

/* The answer as JSON (borrowed), or NULL and an error; once, later. */
typedef void (*mpic_fn)(json_t *answer, const struct err *err, void *arg);
/* As a coordinator: all peers (or `perspective_count` of them, always the same ones for a name) are asked, and the quorum decides.
 * A quorum_count below that of the Baseline Requirements is refused. */
int mpic_coordinate(struct mpic *m, const struct mpic_question *q, mpic_fn done, void *arg, struct err *err);
/* As a perspective: checks from here. Special-purpose addresses are never connected to, whatever the profile says. */
int mpic_check(struct mpic *m, const struct mpic_question *q, mpic_fn done, void *arg, struct err *err);
/* `done` will not come for this `arg`. */
void mpic_forget(struct mpic *m, void *arg);

/* For the checker (check_others): adds what the others see to `e` (DCV, then CAA), through the coordinator or the peers, then calls `done` (later).
 * false: there is nobody to ask, or nothing that Open MPIC could say of this type. */
bool mpic_corroborate(void *mpic, struct evidence *e, void (*done)(void *arg), void *arg);
void mpic_corroborate_cancel(void *mpic, void *arg); /* `done` will not come, and `e` is not touched any more */

#endif
