/* The connections of a listener: how many there are, of whom, and whose turn it is.
 *
 * Each connection either waits for its peer (until a deadline) or its peer waits for us. One that waits may be given up at any time: at
 * its deadline, and for a newcomer when the table is full; about the one that has waited longest goes first. One whose peer waits for us
 * is never given up. To give up is to shut the socket down: whoever owns it notices, closes it and calls connections_remove() before, so
 * that a descriptor of somebody else is never shut down.
 *
 * Any thread may call any function; whose turn it is is told without taking a lock. `now_ms` is clock_monotonic_ms(). */
#ifndef SOLVER_GUARD_CONNECTIONS_H
#define SOLVER_GUARD_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct connections;
struct connection;

struct connections_numbers {
	unsigned now;
	uint64_t refused_full, refused_address; /* newcomers: all others are being answered; too many of that address */
	uint64_t given_up, expired;             /* for a newcomer; at a deadline */
};

/* `max`: at once. `per_address`: of one IPv4 address, or of one /64 of IPv6; loopback is exempt. Gives (free with connections_free once
 * all are removed). */
struct connections *connections_new(unsigned max, unsigned per_address);
void connections_free(struct connections *t); /* NULL is allowed */
/* Other limits: those that have waited longest are given up until the table holds no more than `max`. */
void connections_limit(struct connections *t, unsigned max, unsigned per_address);
/* Sockets at most, with those that were given up and are not closed yet. */
unsigned connections_most(const struct connections *t);

/* Whether a newcomer may be taken; counted when not. `exempt`: from the limit of its address. */
bool connections_admit(struct connections *t, const struct sockaddr *peer, bool exempt);
/* Waits for its peer until `until_ms`. When the table is full now, another one is given up. Gives (free with connections_remove). */
struct connection *connections_add(struct connections *t, int fd, const struct sockaddr *peer, int64_t now_ms, int64_t until_ms);
void connections_remove(struct connection *c);

/* The peer's turn, from now on until the deadline. */
void connection_wait(struct connection *c, int64_t now_ms, int64_t until_ms);
/* Our turn. */
void connection_work(struct connection *c);

/* Gives up what is past its deadline, and, when the process has no free descriptor, some of those that have waited longest: libmicrohttpd
 * would else not accept until one of its connections ends. */
void connections_sweep(struct connections *t, int64_t now_ms);
struct connections_numbers connections_numbers(struct connections *t);

#endif
