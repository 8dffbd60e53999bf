/* Programs of a scenario: none runs; how each would end is what the test says. */
#ifndef TESTS_SCENARIO_FAKE_CHILD_H
#define TESTS_SCENARIO_FAKE_CHILD_H

/* Every program ends with this status from now on; -1: there are no programs. */
void fake_child_exits(int status);
/* How often a program with this path was started since the last fake_child_exits(). */
unsigned fake_child_started(const char *path);
/* "NAME=value …" of the last one. */
const char *fake_child_environment(void);

#endif
