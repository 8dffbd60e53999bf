#include "solver/engine/failures.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define HOUR_MS 3600000.0
#define MINUTE_MS 60000
#define DAY_MS INT64_C(86400000)

static double spent_at(const struct failures *f, const struct authority *a, int64_t now_ms)
{
	double refilled = (double)(now_ms - f->counted_ms) / HOUR_MS * (double)a->failures_per_hour;

	return fmax(0, f->spent - fmax(0, refilled));
}

void failures_add(struct failures *f, const struct authority *a, int64_t now_ms)
{
	f->spent = spent_at(f, a, now_ms) + 1;
	f->counted_ms = now_ms;
	f->last_ms = now_ms;
	f->consecutive++;
}

/* A success ends the row; what was spent of the hour stays spent. */
void failures_clear(struct failures *f)
{
	f->consecutive = 0;
	f->last_ms = 0;
}

int64_t failures_back_off(const struct failures *f, const struct authority *a, int64_t now_ms)
{
	static const int64_t pauses[] = { MINUTE_MS, 10 * MINUTE_MS, 100 * MINUTE_MS, DAY_MS };
	int64_t until;

	if (!f->consecutive || !f->last_ms)
		return 0;
	until = f->last_ms;
	if (a->failures_per_hour) /* one that counts */
		until += pauses[f->consecutive > 4 ? 3 : f->consecutive - 1];
	if (until < f->last_ms + a->cache_ms)
		until = f->last_ms + a->cache_ms;
	return until > now_ms ? until - now_ms : 0;
}

/* Until the failure that an attempt may cost leaves one more. */
static int64_t refill_wait(const struct failures *f, const struct authority *a, int64_t now_ms)
{
	double over;

	if (!a->failures_per_hour)
		return 0;
	over = spent_at(f, a, now_ms) - (double)(a->failures_per_hour - 2);
	return over > 0 ? (int64_t)ceil(over / (double)a->failures_per_hour * HOUR_MS) : 0;
}

void failures_budget(const struct failures *f, const struct authority *a, int64_t now_ms, struct ev_budget *ret)
{
	int64_t wait = refill_wait(f, a, now_ms);

	if (f->last_ms && f->last_ms + a->cache_ms - now_ms > wait)
		wait = f->last_ms + a->cache_ms - now_ms;
	*ret = (struct ev_budget){
		.known = true,
		.failures = (int64_t)ceil(spent_at(f, a, now_ms)),
		.failures_limit = a->failures_per_hour,
		.consecutive = f->consecutive,
		.consecutive_limit = a->failures_consecutive,
		.wait_ms = wait,
	};
}

void failures_text(const struct failures *f, char ret_text[128])
{
	snprintf(ret_text, 128, "%.3f %" PRId64 " %" PRId64 " %" PRId64, f->spent, f->counted_ms, f->last_ms, f->consecutive);
}

bool failures_read(const char *text, struct failures *ret)
{
	struct failures f = { 0 };

	if (!text || sscanf(text, "%lf %" SCNd64 " %" SCNd64 " %" SCNd64, &f.spent, &f.counted_ms, &f.last_ms, &f.consecutive) != 4)
		return false;
	if (!isfinite(f.spent) || f.spent < 0 || f.counted_ms < 0 || f.last_ms < 0 || f.consecutive < 0)
		return false;
	*ret = f;
	return true;
}
