/* Two tables of chained hash entries, each in shards with a lock of their own. An entry is one
 * allocation (header, key, value), so that 100,000 tokens stay near 200 bytes each.
 *
 * Writers are serialised by one mutex, because a DNS change touches the shards of all ancestors;
 * readers never take that mutex. */
#include "solver/answers/answers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/hash.h"
#include "solver/base/mem.h"

#define SHARDS 64
#define FIRST_BUCKETS 8

struct value {
	struct value *next;
	uint32_t length;
	char text[];
};

struct entry {
	struct entry *next;
	struct value *values;  /* DNS: the set at this name */
	uint32_t hash;         /* the bits that choose the bucket */
	uint32_t below;        /* DNS: how many values stand at this name or below it */
	uint32_t key_length;
	uint32_t body_length;  /* HTTP: the body follows the key */
	char bytes[];
};

struct shard {
	pthread_rwlock_t lock;
	struct entry **buckets;
	size_t bucket_count;  /* a power of two */
	size_t entry_count;
} __attribute__((aligned(64))); /* a lock a cache line: readers of two shards do not disturb each other */

struct table {
	struct shard shards[SHARDS];
};

struct answers {
	struct table http, dns;
	pthread_mutex_t writers;
	atomic_uint dns_serial;
	atomic_size_t count;
};

struct key {
	const char *host, *token; /* token is NULL for DNS names */
	size_t host_length, token_length;
	uint64_t hash;
};

static struct key http_key(const char *host, const char *token)
{
	struct key k = { host, token, strlen(host), strlen(token), 0 };

	k.hash = hash_bytes(hash_bytes(hash_begin(), host, k.host_length), token, k.token_length);
	return k;
}

static struct key dns_key(const char *fqdn)
{
	struct key k = { fqdn, NULL, strlen(fqdn), 0, 0 };

	k.hash = hash_bytes(hash_begin(), fqdn, k.host_length);
	return k;
}

/* An HTTP key is "host\0token"; neither part can hold a zero byte, so keys never run together. */
static size_t key_length(const struct key *k)
{
	return k->host_length + (k->token ? 1 + k->token_length : 0);
}

static void key_write(const struct key *k, char *to)
{
	memcpy(to, k->host, k->host_length);
	if (k->token) {
		to[k->host_length] = '\0';
		memcpy(to + k->host_length + 1, k->token, k->token_length);
	}
}

static bool key_matches(const struct key *k, const struct entry *e)
{
	if (e->hash != (uint32_t)k->hash || e->key_length != key_length(k) || memcmp(e->bytes, k->host, k->host_length) != 0)
		return false;
	return !k->token || (e->bytes[k->host_length] == '\0' &&
		memcmp(e->bytes + k->host_length + 1, k->token, k->token_length) == 0);
}

static struct shard *shard_of(struct table *t, uint64_t hash)
{
	return &t->shards[hash >> 58];
}

/* The slot that points to the entry, or to the end of its chain. */
static struct entry **shard_slot(struct shard *s, const struct key *k)
{
	struct entry **slot = &s->buckets[k->hash & (s->bucket_count - 1)];

	while (*slot && !key_matches(k, *slot))
		slot = &(*slot)->next;
	return slot;
}

static void shard_grow(struct shard *s)
{
	size_t count = s->bucket_count * 2;
	struct entry **buckets = mem_new(count, sizeof(*buckets));

	for (size_t i = 0; i < s->bucket_count; i++) {
		struct entry *next;

		for (struct entry *e = s->buckets[i]; e; e = next) {
			struct entry **slot = &buckets[e->hash & (count - 1)];

			next = e->next;
			e->next = *slot;
			*slot = e;
		}
	}
	free(s->buckets);
	s->buckets = buckets;
	s->bucket_count = count;
}

static void shard_insert(struct shard *s, struct entry *e)
{
	struct entry **slot;

	if (s->entry_count >= s->bucket_count)
		shard_grow(s);
	slot = &s->buckets[e->hash & (s->bucket_count - 1)];
	e->next = *slot;
	*slot = e;
	s->entry_count++;
}

static void shard_remove(struct shard *s, struct entry **slot)
{
	struct entry *e = *slot;

	*slot = e->next;
	s->entry_count--;
	free(e);
}

static struct entry *entry_new(const struct key *k, const char *body, size_t body_length)
{
	struct entry *e = mem_new(1, offsetof(struct entry, bytes) + key_length(k) + body_length);

	e->hash = (uint32_t)k->hash;
	e->key_length = key_length(k);
	e->body_length = body_length;
	key_write(k, e->bytes);
	if (body_length)
		memcpy(e->bytes + e->key_length, body, body_length);
	return e;
}

static void table_init(struct table *t)
{
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_rwlock_init(&t->shards[i].lock, NULL);
		t->shards[i].bucket_count = FIRST_BUCKETS;
		t->shards[i].buckets = mem_new(FIRST_BUCKETS, sizeof(struct entry *));
	}
}

static void values_free(struct value *v)
{
	struct value *next;

	for (; v; v = next) {
		next = v->next;
		free(v);
	}
}

static void shard_done(struct shard *s)
{
	for (size_t i = 0; i < s->bucket_count; i++) {
		while (s->buckets[i]) {
			values_free(s->buckets[i]->values);
			shard_remove(s, &s->buckets[i]);
		}
	}
	free(s->buckets);
	pthread_rwlock_destroy(&s->lock);
}

struct answers *answers_new(void)
{
	struct answers *a = NULL;

	/* The shards are aligned to cache lines, which mem_new does not promise. */
	if (posix_memalign((void **)&a, 64, sizeof(*a)) != 0)
		abort();
	memset(a, 0, sizeof(*a));
	table_init(&a->http);
	table_init(&a->dns);
	pthread_mutex_init(&a->writers, NULL);
	return a;
}

void answers_free(struct answers *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		shard_done(&a->http.shards[i]);
		shard_done(&a->dns.shards[i]);
	}
	pthread_mutex_destroy(&a->writers);
	free(a);
}

void answers_set_http(struct answers *a, const char *host, const char *token, const char *body)
{
	struct key k = http_key(host, token);
	struct shard *s = shard_of(&a->http, k.hash);
	struct entry *e = entry_new(&k, body, strlen(body));
	struct entry **slot;

	pthread_mutex_lock(&a->writers);
	pthread_rwlock_wrlock(&s->lock);
	slot = shard_slot(s, &k);
	if (*slot)
		shard_remove(s, slot);
	else
		atomic_fetch_add(&a->count, 1);
	shard_insert(s, e);
	pthread_rwlock_unlock(&s->lock);
	pthread_mutex_unlock(&a->writers);
}

void answers_clear_http(struct answers *a, const char *host, const char *token)
{
	struct key k = http_key(host, token);
	struct shard *s = shard_of(&a->http, k.hash);
	struct entry **slot;

	pthread_mutex_lock(&a->writers);
	pthread_rwlock_wrlock(&s->lock);
	slot = shard_slot(s, &k);
	if (*slot) {
		shard_remove(s, slot);
		atomic_fetch_sub(&a->count, 1);
	}
	pthread_rwlock_unlock(&s->lock);
	pthread_mutex_unlock(&a->writers);
}

long answers_get_http(struct answers *a, const char *host, const char *token, char *body, size_t room)
{
	struct key k = http_key(host, token);
	struct shard *s = shard_of(&a->http, k.hash);
	const struct entry *e;
	long length = -1;

	pthread_rwlock_rdlock(&s->lock);
	e = *shard_slot(s, &k);
	if (e && e->body_length <= room) {
		length = e->body_length;
		memcpy(body, e->bytes + e->key_length, e->body_length);
	}
	pthread_rwlock_unlock(&s->lock);
	return length;
}

static struct value **value_slot(struct entry *e, const char *text, size_t length)
{
	struct value **slot = &e->values;

	while (*slot && ((*slot)->length != length || memcmp((*slot)->text, text, length) != 0))
		slot = &(*slot)->next;
	return slot;
}

/* Appends the value at the name; false when it is there already. */
static bool value_add(struct answers *a, const char *fqdn, const char *text)
{
	struct key k = dns_key(fqdn);
	struct shard *s = shard_of(&a->dns, k.hash);
	size_t length = strlen(text);
	struct entry *e;
	struct value **slot;
	bool added = false;

	pthread_rwlock_wrlock(&s->lock);
	e = *shard_slot(s, &k);
	if (!e)
		shard_insert(s, e = entry_new(&k, NULL, 0));
	slot = value_slot(e, text, length);
	if (!*slot) {
		*slot = mem_new(1, offsetof(struct value, text) + length);
		(*slot)->length = length;
		memcpy((*slot)->text, text, length);
		added = true;
	}
	pthread_rwlock_unlock(&s->lock);
	return added;
}

static bool value_remove(struct answers *a, const char *fqdn, const char *text)
{
	struct key k = dns_key(fqdn);
	struct shard *s = shard_of(&a->dns, k.hash);
	struct value **slot, *gone = NULL;
	struct entry *e;

	pthread_rwlock_wrlock(&s->lock);
	e = *shard_slot(s, &k);
	if (e) {
		slot = value_slot(e, text, strlen(text));
		gone = *slot;
		if (gone)
			*slot = gone->next;
	}
	pthread_rwlock_unlock(&s->lock);
	free(gone);
	return gone != NULL;
}

/* Counts one value more or less at the name; a name that counts none is forgotten. */
static void name_count(struct answers *a, const char *fqdn, int change)
{
	struct key k = dns_key(fqdn);
	struct shard *s = shard_of(&a->dns, k.hash);
	struct entry **slot;

	pthread_rwlock_wrlock(&s->lock);
	slot = shard_slot(s, &k);
	if (!*slot) {
		shard_insert(s, entry_new(&k, NULL, 0));
		slot = shard_slot(s, &k);
	}
	(*slot)->below += change;
	if ((*slot)->below == 0)
		shard_remove(s, slot);
	pthread_rwlock_unlock(&s->lock);
}

static void ancestors_count(struct answers *a, const char *fqdn, int change)
{
	for (const char *name = fqdn; name; ) {
		name_count(a, name, change);
		name = strchr(name, '.');
		if (name)
			name++;
	}
	atomic_fetch_add(&a->dns_serial, 1);
	atomic_fetch_add(&a->count, change);
}

void answers_set_dns(struct answers *a, const char *fqdn, const char *value)
{
	pthread_mutex_lock(&a->writers);
	if (value_add(a, fqdn, value))
		ancestors_count(a, fqdn, 1);
	pthread_mutex_unlock(&a->writers);
}

void answers_clear_dns(struct answers *a, const char *fqdn, const char *value)
{
	pthread_mutex_lock(&a->writers);
	if (value_remove(a, fqdn, value))
		ancestors_count(a, fqdn, -1);
	pthread_mutex_unlock(&a->writers);
}

size_t answers_each_dns(struct answers *a, const char *fqdn, void (*fn)(const char *value, size_t length, void *arg), void *arg)
{
	struct key k = dns_key(fqdn);
	struct shard *s = shard_of(&a->dns, k.hash);
	const struct entry *e;
	size_t count = 0;

	pthread_rwlock_rdlock(&s->lock);
	e = *shard_slot(s, &k);
	for (const struct value *v = e ? e->values : NULL; v; v = v->next, count++)
		fn(v->text, v->length, arg);
	pthread_rwlock_unlock(&s->lock);
	return count;
}

bool answers_dns_exists(struct answers *a, const char *fqdn)
{
	struct key k = dns_key(fqdn);
	struct shard *s = shard_of(&a->dns, k.hash);
	bool exists;

	pthread_rwlock_rdlock(&s->lock);
	exists = *shard_slot(s, &k) != NULL;
	pthread_rwlock_unlock(&s->lock);
	return exists;
}

unsigned answers_dns_serial(struct answers *a)
{
	return atomic_load(&a->dns_serial);
}

size_t answers_count(struct answers *a)
{
	return atomic_load(&a->count);
}
