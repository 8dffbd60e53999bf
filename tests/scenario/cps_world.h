/* CPS, the engine and the provider in virtual time: one world for one test. */
#ifndef TESTS_SCENARIO_CPS_WORLD_H
#define TESTS_SCENARIO_CPS_WORLD_H

#include <jansson.h>

#include "solver/cps/cps.h"
#include "tests/scenario/fake_cps.h"
#include "tests/scenario/scenario.h"

#define MINUTE 60000
#define HOUR (60LL * MINUTE)
#define DAY (24 * HOUR)

struct world {
	struct scenario *s;
	struct fake_cps far;
	struct cps *cps;
};

int cps_world_begin(void **state);
int cps_world_end(void **state);
/* The process ends and starts again. */
void restart_all(struct world *w);
void start_validation(struct world *w, char id[ID_SIZE]);
/* Fails with the whole validation when its state is another one. */
void assert_state(struct world *w, const char *id, const char *wanted);

/* Watches with a policy that wants so many approvals, every enrollment but n7.example.org. */
void watch(struct world *w, const char *how, int approvals);
/* The same with the options of the policy as YAML flow, and more lines of the section cps ("  accounts: …\n"). */
void watch_with(struct world *w, const char *how, const char *policy, const char *more);
/* The name servers show what every enrollment wants. */
void show_values(struct world *w);
json_t *inventory_of(struct world *w);

#define cps_test(name) cmocka_unit_test_setup_teardown(name, cps_world_begin, cps_world_end)

#endif
