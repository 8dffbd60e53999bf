#include "solver/base/shared.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/hash.h"
#include "solver/base/index.h"
#include "solver/base/mem.h"

struct shared {
	size_t holders;
	char text[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct index all;

static bool has_text(const void *shared, const void *text)
{
	return strcmp(((const struct shared *)shared)->text, text) == 0;
}

static struct shared *find(uint64_t hash, const char *text)
{
	return index_find(&all, hash, has_text, text);
}

static struct shared *add(uint64_t hash, const char *text)
{
	struct shared *s = mem_new(1, sizeof(*s) + strlen(text) + 1);

	memcpy(s->text, text, strlen(text) + 1);
	index_add(&all, hash, s);
	return s;
}

const char *shared_text(const char *text)
{
	uint64_t hash;
	struct shared *s;

	if (!text)
		return NULL;
	hash = hash_text(hash_begin(), text);
	pthread_mutex_lock(&lock);
	s = find(hash, text);
	if (!s)
		s = add(hash, text);
	s->holders++;
	pthread_mutex_unlock(&lock);
	return s->text;
}

static void forget(struct shared *s)
{
	index_remove(&all, hash_text(hash_begin(), s->text), s);
	free(s);
	if (!all.count)
		index_done(&all);
}

void shared_drop(const char *shared)
{
	struct shared *s;

	if (!shared)
		return;
	pthread_mutex_lock(&lock);
	s = find(hash_text(hash_begin(), shared), shared);
	if (!--s->holders)
		forget(s);
	pthread_mutex_unlock(&lock);
}

void shared_replace(const char **slot, const char *text)
{
	const char *old = *slot;

	*slot = shared_text(text);
	shared_drop(old);
}
