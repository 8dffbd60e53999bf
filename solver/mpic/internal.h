/* What the files of this folder share. */
#ifndef SOLVER_MPIC_INTERNAL_H
#define SOLVER_MPIC_INTERNAL_H

#include "solver/mpic/mpic.h"

struct peer {
	char *code, *rir, *url;
	struct secret *token;      /* "" when there is none; wiped when freed */
};

/* Of one configuration; rounds under way hold theirs. */
struct peers {
	unsigned holders;
	struct peer items[MPIC_PEERS_MAX];
	size_t count;
	struct secret *coordinator_token; /* of the entry named "coordinator" */
};

struct mpic {
	struct mpic_parts parts;
	struct peers *peers;
	struct round *rounds;      /* round.c: under way */
	struct coordination *coordinations; /* coordinate.c */
	struct remote_check *remote_checks;        /* perspective.c: under way */
	struct corroboration *corroborations; /* corroborate.c */
};

/* ---- peers.c ---- */
int peers_read(const struct config_perspectives *c, struct peers **ret, struct err *err); /* gives a hold */
void peers_release(struct peers *p);
/* Those that are asked for this name: the same at each try, and not to be foreseen from outside. */
size_t peers_choose(const struct peers *p, const char *domain, const char *secret, size_t wanted, const struct peer **ret_list);

/* One POST with the token; `done` of http.h. */
int peer_post(struct mpic *m, const char *url, const char *path, const char *token, const json_t *body,
              void (*done)(const struct http_reply *reply, const struct err *err, void *arg), void *arg, struct err *err);

/* ---- round.c: one question to all chosen peers ---- */
typedef void (*round_fn)(const struct mpic_result *list, size_t count, size_t quorum, int64_t attempts, void *arg);
void round_start(struct mpic *m, const struct mpic_question *q, round_fn done, void *arg);

/* ---- ends: first nobody hears of it any more, then, with the clients gone, what is left is freed ---- */
void rounds_cancel(struct mpic *m);
void rounds_free(struct mpic *m);
void coordinations_free(struct mpic *m);
void coordinations_forget(struct mpic *m, void *arg);
void remote_checks_cancel(struct mpic *m); /* perspective.c */
void corroborations_cancel(struct mpic *m);
void corroborations_free(struct mpic *m);

#endif
