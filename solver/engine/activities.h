/* What goes on in each state. To add a state or an activity, write its file and its row. Private to the engine. */
#ifndef SOLVER_ENGINE_ACTIVITIES_H
#define SOLVER_ENGINE_ACTIVITIES_H

#include "solver/engine/life.h"

extern const struct activity activities[CHALLENGE_STATES];

#endif
