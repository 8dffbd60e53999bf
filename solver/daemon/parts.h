/* The parts that every way of running dcvd has in common: the journal, what is published, HTTP and DNS clients, the
 * engine. The service puts its listeners around them; a command that works alone needs nothing else. */
#ifndef SOLVER_DAEMON_PARTS_H
#define SOLVER_DAEMON_PARTS_H

#include "solver/conf/config.h"
#include "solver/daemon/access.h"
#include "solver/engine/engine.h"
#include "solver/mpic/mpic.h"

struct parts {
	struct loop *loop;
	struct store *store;
	struct answers *answers;
	struct http_client *http;
	struct resolver *resolver;
	struct recursion *recursion;
	struct engine *engine;
	struct checker *checker;   /* of who has no engine; that has one of its own */
	struct mpic *mpic;
	struct access *access;     /* what clients may have; of who has an engine */
};

enum parts_journal {
	PARTS_ON_DISK,   /* in config->state_dir; recovered, so that whatever was not finished goes on */
	PARTS_IN_MEMORY, /* for who only looks */
	PARTS_COPY,      /* a copy in memory of what is in config->state_dir, not recovered: for who reads it */
};

/* `config` is borrowed until parts_close(). After an error parts_close() frees what was opened. */
int parts_open(struct parts *p, const struct config *config, enum parts_journal journal, struct err *err);
/* Loop, clients, a checker, and those who look elsewhere: for who only checks. No journal, no credentials. As above. */
int parts_open_checker(struct parts *p, const struct config *config, struct err *err);
/* A reload from `running` to `fresh`, which is borrowed as it was: all of it, or an error and nothing has changed. Of who has an engine. */
int parts_reconfigure(struct parts *p, const struct config *running, const struct config *fresh, struct err *err);
/* What is under way stays in the journal. What stands on the parts (front doors, listeners) is closed before. */
void parts_close(struct parts *p);

#endif
