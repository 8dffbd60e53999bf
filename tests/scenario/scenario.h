/* One world for one test: zone example.org with two name servers (192.0.2.1 and .2), other.net with one
 * (192.0.2.3), www.example.org at two addresses, routes to a memory provider named "m", and an engine. */
#ifndef TESTS_SCENARIO_SCENARIO_H
#define TESTS_SCENARIO_SCENARIO_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "providers/memory/memory.h"
#include "solver/engine/engine.h"
#include "tests/scenario/fake_dns.h"
#include "tests/scenario/fake_http.h"
#include "tests/scenario/fake_loop.h"
#include "tests/scenario/journal.h"

#define NS1 "192.0.2.1"
#define NS2 "192.0.2.2"
#define WEB1 "192.0.2.80"
#define WEB2 "2001:db8::80"
#define VALUE "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo"
#define VALUE2 "nCNEyZa-DDoB6DvdEUbmjvJK3-KFKgvMTUVPPVU1aVQ"
#define CONFIGS_MAX 64

struct scenario {
	struct loop *loop;
	struct store *store;
	struct answers *answers;
	struct http_client *http;
	struct resolver *resolver;
	struct recursor *recursor;
	struct config *configs[CONFIGS_MAX]; /* the last one is in force */
	size_t config_count;
	struct engine *engine;
	const char *granted;  /* identifiers that the client is granted, one space between; NULL: all */
	char order[ID_SIZE];  /* of the last submit */
	char id[ID_SIZE];     /* its first challenge */
	bool existed;
	struct err err;       /* its error */
};

int scenario_begin(void **state);
int scenario_end(void **state);
/* Options of provider "m", one "  name: value" line each; "" for none. Reloads. */
void reconfigure(struct scenario *s, const char *options);
/* Reloads with this text. */
void reconfigure_text(struct scenario *s, const char *yaml);
/* The process ends here and starts again; nothing but the journal and the outside world stays. */
void restart(struct scenario *s);

/* One step of the loop, at most until the clock shows `until_ms`. */
bool step(struct scenario *s, int64_t until_ms);
void run_for(struct scenario *s, int64_t ms);
/* Runs until the challenge has that state; fails the test when it does not within `ms`. */
void run_until(struct scenario *s, const char *id, enum challenge_state state, int64_t ms);

struct challenge_request dns01(const char *domain, const char *value);
struct challenge_request http01(const char *domain, const char *token, const char *key_authorization);
/* Submits and runs until the journal has it. Returns 0, or the code of s->err. */
int submit(struct scenario *s, const struct challenge_request *list, size_t count);
int submit_order(struct scenario *s, const struct order_request *request);
int present(struct scenario *s, const char *domain, const char *value);
void release(struct scenario *s, const char *id);

enum challenge_state state_of(struct scenario *s, const char *id);
const char *reason_of(struct scenario *s, const char *id);
/* The verdict and the events of a challenge (free with challenge_done). */
void history_of(struct scenario *s, const char *id, struct challenge *ret);
/* One of the events of s->id holds the words. */
void assert_event_says(struct scenario *s, const char *words);
#define assert_says(text, part) assert_has_text(text, part, __FILE__, __LINE__)
void assert_has_text(const char *text, const char *part, const char *file, int line);
/* Ends with everything released: no record stands, nothing is answered. */
void assert_nothing_left(struct scenario *s);
size_t count_listed(struct scenario *s);

#define scenario_test(name) cmocka_unit_test_setup_teardown(name, scenario_begin, scenario_end)

#endif
