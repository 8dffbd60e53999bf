#include "solver/guard/connections.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

#include "solver/base/mem.h"

#define SLACK 16 /* connections that were given up and are not closed yet, beside half of the table: their thread may have to wait for its turn */

struct address_key {
	sa_family_t family;
	uint8_t bytes[8]; /* all of IPv4, half of IPv6 */
};

struct source {
	struct address_key key;
	unsigned count;
	UT_hash_handle hh;
};

struct connection {
	struct connections *table;
	struct source *source;              /* NULL: loopback */
	int fd;
	bool given_up;
	int64_t stamp_ms;                   /* since_ms when it got its place in the list */
	_Atomic int64_t since_ms, until_ms; /* since_ms 0: our turn */
	struct connection *prev, *next;
};

/* `open` starts with the smallest stamp. Turns change without the lock, so a stamp may be old: the search for the one that has waited
 * longest moves those with an old stamp to the end. */
struct connections {
	pthread_mutex_t lock;
	unsigned max, per_address, alive, dying;
	struct connection *open, *given_up;
	struct source *sources;
	struct connections_numbers numbers;
};

struct connections *connections_new(unsigned max, unsigned per_address)
{
	struct connections *t = mem_new(1, sizeof(*t));

	pthread_mutex_init(&t->lock, NULL);
	t->max = max ? max : 1;
	t->per_address = per_address ? per_address : 1;
	return t;
}

void connections_free(struct connections *t)
{
	if (!t)
		return;
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* ---- addresses ---- */

static bool is_loopback(const struct sockaddr *peer)
{
	if (peer->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)peer)->sin_addr.s_addr) >> 24 == 127;
	return peer->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)peer)->sin6_addr);
}

static struct address_key key_of(const struct sockaddr *peer)
{
	struct address_key key;

	memset(&key, 0, sizeof(key));
	key.family = peer->sa_family;
	if (peer->sa_family == AF_INET)
		memcpy(key.bytes, &((const struct sockaddr_in *)peer)->sin_addr, 4);
	else if (peer->sa_family == AF_INET6)
		memcpy(key.bytes, &((const struct sockaddr_in6 *)peer)->sin6_addr, sizeof(key.bytes));
	return key;
}

static struct source *source_find(struct connections *t, const struct sockaddr *peer)
{
	struct address_key key = key_of(peer);
	struct source *s;

	HASH_FIND(hh, t->sources, &key, sizeof(key), s);
	return s;
}

static struct source *source_enter(struct connections *t, const struct sockaddr *peer)
{
	struct source *s = source_find(t, peer);

	if (!s) {
		s = mem_new(1, sizeof(*s));
		s->key = key_of(peer);
		HASH_ADD(hh, t->sources, key, sizeof(s->key), s);
	}
	s->count++;
	return s;
}

static void source_leave(struct connections *t, struct source *s)
{
	if (!s || --s->count > 0)
		return;
	HASH_DEL(t->sources, s);
	free(s);
}

/* ---- giving up; with the lock held ---- */

static void give_up(struct connection *c)
{
	struct connections *t = c->table;

	shutdown(c->fd, SHUT_RDWR);
	c->given_up = true;
	DL_DELETE(t->open, c);
	DL_APPEND(t->given_up, c);
	t->alive--;
	t->dying++;
}

/* NULL: each peer waits for us. */
static struct connection *longest_waiting(struct connections *t)
{
	struct connection *found = NULL;

	for (unsigned looks = t->alive; looks; looks--) {
		struct connection *c = t->open;
		int64_t since_ms = atomic_load_explicit(&c->since_ms, memory_order_relaxed);

		if (since_ms && since_ms <= c->stamp_ms)
			return c;
		c->stamp_ms = since_ms;
		DL_DELETE(t->open, c);
		DL_APPEND(t->open, c);
		if (since_ms && (!found || since_ms < found->stamp_ms))
			found = c;
	}
	return found;
}

static bool make_room(struct connections *t)
{
	struct connection *c = longest_waiting(t);

	if (!c)
		return false;
	give_up(c);
	t->numbers.given_up++;
	return true;
}

/* ---- coming and going ---- */

unsigned connections_most(const struct connections *t)
{
	return t->max + t->max / 2 + SLACK;
}

void connections_limit(struct connections *t, unsigned max, unsigned per_address)
{
	pthread_mutex_lock(&t->lock);
	t->max = max ? max : 1;
	t->per_address = per_address ? per_address : 1;
	while (t->alive > t->max && make_room(t))
		;
	pthread_mutex_unlock(&t->lock);
}

bool connections_admit(struct connections *t, const struct sockaddr *peer, bool exempt)
{
	const struct source *s;
	bool admitted = false;

	pthread_mutex_lock(&t->lock);
	s = exempt || is_loopback(peer) ? NULL : source_find(t, peer);
	if (s && s->count >= t->per_address)
		t->numbers.refused_address++;
	else if (t->alive + t->dying >= connections_most(t) || (t->alive >= t->max && !longest_waiting(t)))
		t->numbers.refused_full++;
	else
		admitted = true;
	pthread_mutex_unlock(&t->lock);
	return admitted;
}

struct connection *connections_add(struct connections *t, int fd, const struct sockaddr *peer, int64_t now_ms, int64_t until_ms)
{
	struct connection *c = mem_new(1, sizeof(*c));

	*c = (struct connection){ .table = t, .fd = fd, .stamp_ms = now_ms };
	connection_wait(c, now_ms, until_ms);
	pthread_mutex_lock(&t->lock);
	if (t->alive >= t->max)
		make_room(t);
	if (!is_loopback(peer))
		c->source = source_enter(t, peer);
	DL_APPEND(t->open, c);
	t->alive++;
	pthread_mutex_unlock(&t->lock);
	return c;
}

void connections_remove(struct connection *c)
{
	struct connections *t = c->table;

	pthread_mutex_lock(&t->lock);
	if (c->given_up) {
		DL_DELETE(t->given_up, c);
		t->dying--;
	} else {
		DL_DELETE(t->open, c);
		t->alive--;
	}
	source_leave(t, c->source);
	pthread_mutex_unlock(&t->lock);
	free(c);
}

void connection_wait(struct connection *c, int64_t now_ms, int64_t until_ms)
{
	atomic_store_explicit(&c->until_ms, until_ms, memory_order_relaxed);
	atomic_store_explicit(&c->since_ms, now_ms, memory_order_release);
}

void connection_work(struct connection *c)
{
	atomic_store_explicit(&c->since_ms, 0, memory_order_relaxed);
}

/* ---- from time to time ---- */

static bool is_expired(const struct connection *c, int64_t now_ms)
{
	return atomic_load_explicit(&c->since_ms, memory_order_acquire) && atomic_load_explicit(&c->until_ms, memory_order_relaxed) <= now_ms;
}

static bool has_descriptor(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return errno != EMFILE;
	close(fd);
	return true;
}

void connections_sweep(struct connections *t, int64_t now_ms)
{
	struct connection *c, *next;

	pthread_mutex_lock(&t->lock);
	DL_FOREACH_SAFE(t->open, c, next) {
		if (!is_expired(c, now_ms))
			continue;
		give_up(c);
		t->numbers.expired++;
	}
	if (!has_descriptor())
		for (unsigned count = t->alive / 8 + 1; count && make_room(t); count--)
			;
	pthread_mutex_unlock(&t->lock);
}

struct connections_numbers connections_numbers(struct connections *t)
{
	struct connections_numbers n;

	pthread_mutex_lock(&t->lock);
	n = t->numbers;
	n.now = t->alive + t->dying;
	pthread_mutex_unlock(&t->lock);
	return n;
}
