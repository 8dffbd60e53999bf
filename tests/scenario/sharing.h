/* Orders of alice for NAME and OTHER, as the tests of shared challenges ask for them. */
#ifndef TESTS_SCENARIO_SHARING_H
#define TESTS_SCENARIO_SHARING_H

#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define OTHER "other.example.org"
#define FQDN "_acme-challenge." NAME
#define OTHER_FQDN "_acme-challenge." OTHER

/* Two orders: [x, y], then [x] alone. */
struct two {
	char both[ID_SIZE], one[ID_SIZE], x[ID_SIZE];
};

extern const struct order_request plain;

/* As `wish` in all but the challenges; its client is alice, where it names none. */
int ask(struct scenario *s, const struct order_request *wish, const struct challenge_request *list, size_t count);
void ask_one(struct scenario *s, const struct order_request *wish);
void ask_both(struct scenario *s, const struct order_request *wish);
void make_two(struct scenario *s, struct two *t, const struct order_request *both, const struct order_request *one);
void keep(const char *id, char ret[ID_SIZE]);
/* And lets two seconds pass. */
void release_order(struct scenario *s, const char *id);
/* The order of the last submit. */
void become_ready(struct scenario *s);
/* The ids of an order, in its sequence; `second` may be NULL. */
void assert_holds(struct scenario *s, const char *order, const char *first, const char *second);
/* How many orders hold the challenge, and how many were released. */
void assert_orders(struct scenario *s, const char *challenge, size_t holding, size_t let_go);

#endif
