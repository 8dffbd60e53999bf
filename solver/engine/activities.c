#include "solver/engine/activities.h"

#include "solver/engine/plan.h"
#include "solver/engine/propagation.h"
#include "solver/engine/publish.h"
#include "solver/engine/recheck.h"

const struct activity activities[CHALLENGE_STATES] = {
	[CHALLENGE_QUEUED] = { .start = plan_start, .stop = plan_stop, .late = "the place of the record was not found in time" },
	[CHALLENGE_PUBLISHING] = { .enter = publish_enter, .start = publish_start, .stop = publish_stop, .late = "the provider did not take it in time" },
	[CHALLENGE_PROPAGATING] = { .start = propagation_start, .stop = propagation_stop, .report = propagation_report,
	                            .late = "not every server showed it in time" },
	[CHALLENGE_READY] = { .enter = ready_enter, .start = recheck_start, .stop = recheck_stop },
	[CHALLENGE_WITHDRAWING] = { .enter = withdraw_enter, .start = withdraw_start, .stop = publish_stop },
};
