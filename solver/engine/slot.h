/* How many checks run at once: ten thousand names may come together, and each check asks a dozen questions of its own. */
#ifndef SOLVER_ENGINE_SLOT_H
#define SOLVER_ENGINE_SLOT_H

struct engine;

/* A place in the queue, or the right to run a check. All zero: neither. */
struct check_slot {
	struct engine *e;
	void (*go)(void *arg);
	void *arg;
	enum { SLOT_NONE, SLOT_WAITS, SLOT_TAKEN } state;
	struct check_slot *prev, *next;
};

struct check_limit {
	struct check_slot *waiting;
	unsigned taken;
};

/* Calls `go` when there is room, maybe before this returns. */
void check_slot_enter(struct engine *e, struct check_slot *s, void (*go)(void *arg), void *arg);
/* The check is over, or not wanted any more; doing so twice is harmless. The next in the queue may begin before this returns. */
void check_slot_leave(struct check_slot *s);

#endif
