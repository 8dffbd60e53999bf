/* The order that answers the open challenges of an enrollment, as the engine keeps it.
 *
 * An order is found again after a restart: the engine gives the same live order for the same challenges, and every order of an
 * enrollment has a label that begins "cps/<enrollment>/".
 */
#ifndef SOLVER_CPS_ORDER_H
#define SOLVER_CPS_ORDER_H

#include "solver/base/buf.h"
#include "solver/conf/config.h"
#include "solver/cps/decide.h"
#include "solver/engine/engine.h"

struct cps_answering;

struct cps_answering_hooks {
	void (*say)(const char *sentence, void *arg);
	/* The state of the order may be another one. From the loop, never inside a call. */
	void (*news)(void *arg);
	/* It could not be submitted. Later. */
	void (*refused)(const struct err *err, void *arg);
	void *arg;
};

/* `home` begins the label of its orders: "cps/<enrollment>", or "cps/<account>/<enrollment>". */
struct cps_answering *cps_answering_new(struct engine *engine, const char *home, const struct cps_answering_hooks *hooks);
/* What is published stays in the journal. NULL is allowed. */
void cps_answering_free(struct cps_answering *a);

/* Publishes answers to the open names, `generation` being their fingerprints; ERR_DENIED when a name has no route. `patience_ms`: how
 * long a name may take; 0: as configured. */
int cps_answering_publish(struct cps_answering *a, const struct config *config, int64_t change, const struct cps_domains *domains,
                          const char *generation, int64_t patience_ms, struct err *err);
/* Withdraws everything that is published for the enrollment. */
void cps_answering_release(struct cps_answering *a);
/* Where the order stands for what is wanted now; never ACKNOWLEDGED or HELD. */
enum cps_order cps_answering_state(const struct cps_answering *a, const char *generation);
/* 0, or why no name may be tried at the authority now. */
int cps_answering_affordable(const struct cps_answering *a, struct err *err);
/* What became of each name counts as the authority counts it. */
void cps_answering_report(const struct cps_answering *a, const struct cps_domains *domains);
/* "dns-01 www.example.org: …; …" of what failed or is waited for, also said one by one. */
void cps_answering_failures(const struct cps_answering *a, struct buf *summary);
/* "www.example.org: what it waits for; …" of the names that do. */
void cps_answering_waits_for(const struct cps_answering *a, struct buf *out);
const char *cps_answering_order(const struct cps_answering *a);      /* NULL: none */
const char *cps_answering_generation(const struct cps_answering *a); /* that the order answers; NULL: none */

#endif
