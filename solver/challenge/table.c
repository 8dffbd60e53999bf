/* The life of a challenge. A cell that is not written here is refused. */
#include "solver/challenge/challenge.h"

struct rule {
	bool legal;
	enum challenge_state to;
	enum challenge_action todo;
};

#define QUEUED CHALLENGE_QUEUED
#define PUBLISHING CHALLENGE_PUBLISHING
#define PROPAGATING CHALLENGE_PROPAGATING
#define READY CHALLENGE_READY
#define WITHDRAWING CHALLENGE_WITHDRAWING
#define GONE CHALLENGE_GONE
#define FAILED CHALLENGE_FAILED

static const struct rule rules[CHALLENGE_STATES][CHALLENGE_INPUTS] = {
	/* Nothing has left yet, so there is nothing to withdraw. */
	[QUEUED]      [INPUT_START]     = { true, PUBLISHING,  DO_PUBLISH  },
	[QUEUED]      [INPUT_FAILED]    = { true, FAILED,      DO_FORGET   },
	[QUEUED]      [INPUT_DEADLINE]  = { true, FAILED,      DO_FORGET   },
	[QUEUED]      [INPUT_RELEASED]  = { true, GONE,        DO_FORGET   },

	/* May be half done: whatever ends it early, the provider is asked to remove it. */
	[PUBLISHING]  [INPUT_PUBLISHED] = { true, PROPAGATING, DO_PROBE    },
	[PUBLISHING]  [INPUT_FAILED]    = { true, WITHDRAWING, DO_WITHDRAW },
	[PUBLISHING]  [INPUT_DEADLINE]  = { true, WITHDRAWING, DO_WITHDRAW },
	[PUBLISHING]  [INPUT_RELEASED]  = { true, WITHDRAWING, DO_WITHDRAW },

	[PROPAGATING] [INPUT_SEEN]      = { true, READY,       DO_ANNOUNCE },
	[PROPAGATING] [INPUT_FAILED]    = { true, WITHDRAWING, DO_WITHDRAW },
	[PROPAGATING] [INPUT_DEADLINE]  = { true, WITHDRAWING, DO_WITHDRAW },
	[PROPAGATING] [INPUT_RELEASED]  = { true, WITHDRAWING, DO_WITHDRAW },

	/* Publishing twice is harmless, and brings back what somebody took away. */
	[READY]       [INPUT_LOST]      = { true, PUBLISHING,  DO_PUBLISH  },
	[READY]       [INPUT_RELEASED]  = { true, WITHDRAWING, DO_WITHDRAW },

	/* GONE stands for "over": challenge_step() makes it FAILED for a challenge that had failed. */
	[WITHDRAWING] [INPUT_WITHDRAWN] = { true, GONE,        DO_FORGET   },

	/* Releasing twice is harmless. */
	[WITHDRAWING] [INPUT_RELEASED]  = { true, WITHDRAWING, DO_NOTHING  },
	[GONE]        [INPUT_RELEASED]  = { true, GONE,        DO_NOTHING  },
	[FAILED]      [INPUT_RELEASED]  = { true, FAILED,      DO_NOTHING  },
};

bool challenge_step(enum challenge_state state, enum challenge_input input, bool had_failed,
                    enum challenge_state *ret_state, enum challenge_action *ret_action)
{
	const struct rule *rule;

	if ((unsigned)state >= CHALLENGE_STATES || (unsigned)input >= CHALLENGE_INPUTS)
		return false;
	rule = &rules[state][input];
	if (!rule->legal)
		return false;

	*ret_state = rule->to;
	if (state == WITHDRAWING && input == INPUT_WITHDRAWN && had_failed)
		*ret_state = FAILED;
	*ret_action = rule->todo;
	return true;
}

bool challenge_is_over(enum challenge_state state)
{
	return state == GONE || state == FAILED;
}
