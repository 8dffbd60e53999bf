#include "solver/api/access/rate.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "solver/api/common/fields.h"
#include "solver/base/mem.h"

#define DAY_MS (24LL * 3600 * 1000)

struct bucket {
	char *name;
	struct rate rate;
	double held;
	int64_t at_ms;
	UT_hash_handle hh;
};

/* One bucket a client with a rate; names come from the store, so there are no more than clients ever were. */
struct rate_table {
	struct bucket *buckets;
};

int rate_read(const char *text, struct rate *ret, struct err *err)
{
	size_t digits = strspn(text, "0123456789");
	struct rate r = { 0 };

	if (digits < 1 || digits > 7 || text[digits] != '/')
		return err_set(err, ERR_INVALID, "\"%.40s\" is not a rate; write \"100/1m\" for a hundred changes a minute", text);
	r.count = strtoll(text, NULL, 10);
	if (duration_read(text + digits + 1, &r.period_ms, err) < 0)
		return err->code;
	if (r.count < 1 || r.count > RATE_COUNT_MAX || r.period_ms < 1 || r.period_ms > DAY_MS)
		return err_set(err, ERR_INVALID, "\"%.40s\": a rate is 1 to %d changes in at most a day", text, RATE_COUNT_MAX);
	*ret = r;
	return 0;
}

struct rate_table *rate_table_new(void)
{
	return mem_new(1, sizeof(struct rate_table));
}

void rate_table_free(struct rate_table *t)
{
	struct bucket *b, *tmp;

	if (!t)
		return;
	HASH_ITER(hh, t->buckets, b, tmp) {
		HASH_DEL(t->buckets, b);
		free(b->name);
		free(b);
	}
	free(t);
}

static struct bucket *bucket_of(struct rate_table *t, const char *name)
{
	struct bucket *b;

	HASH_FIND_STR(t->buckets, name, b);
	if (!b) {
		b = mem_new(1, sizeof(*b));
		b->name = mem_dup(name);
		HASH_ADD_KEYPTR(hh, t->buckets, b->name, strlen(b->name), b);
	}
	return b;
}

static void fill(struct bucket *b, int64_t now_ms)
{
	if (now_ms > b->at_ms && b->rate.count)
		b->held += (double)(now_ms - b->at_ms) * (double)b->rate.count / (double)b->rate.period_ms;
	b->at_ms = now_ms;
	if (b->held > (double)b->rate.count)
		b->held = (double)b->rate.count;
}

/* What was used up stays used up. */
static void change_rate(struct bucket *b, const struct rate *r)
{
	double used = (double)b->rate.count - b->held;

	b->held = used < (double)r->count ? (double)r->count - used : 0;
	b->rate = *r;
}

static struct bucket *bucket_filled(struct rate_table *t, const char *name, const struct rate *r, int64_t now_ms)
{
	struct bucket *b = bucket_of(t, name);

	fill(b, now_ms);
	if (b->rate.count != r->count || b->rate.period_ms != r->period_ms)
		change_rate(b, r);
	return b;
}

int64_t rate_take(struct rate_table *t, const char *name, const struct rate *r, int64_t count, int64_t now_ms)
{
	struct bucket *b;

	if (!r->count)
		return 0;
	if (count > r->count)
		return RATE_NEVER;
	b = bucket_filled(t, name, r, now_ms);
	if (b->held < (double)count)
		return (int64_t)(((double)count - b->held) * (double)r->period_ms / (double)r->count) + 1;
	b->held -= (double)count;
	return 0;
}

void rate_give(struct rate_table *t, const char *name, int64_t count)
{
	struct bucket *b;

	HASH_FIND_STR(t->buckets, name, b);
	if (b)
		b->held += (double)count; /* no more than fits: fill() */
}
