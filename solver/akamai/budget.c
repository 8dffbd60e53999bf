#include "solver/akamai/budget.h"

#include <string.h>

#define MINUTE_MS 60000
#define BURST_MS 2000
#define RESERVED 3   /* requests a minute */
#define MARGIN_MS 100
#define MARGIN_MAX_MS 2000

static size_t limit_clamp(int64_t limit)
{
	if (limit < 1)
		return 1;
	return limit > BUDGET_MAX ? BUDGET_MAX : (size_t)limit;
}

void budget_init(struct budget *b, int64_t per_minute, int64_t burst)
{
	memset(b, 0, sizeof(*b));
	b->margin_ms = MARGIN_MS;
	budget_limit(b, per_minute, burst);
}

void budget_limit(struct budget *b, int64_t per_minute, int64_t burst)
{
	b->per_minute = limit_clamp(per_minute);
	b->burst = limit_clamp(burst);
}

/* The window is full while its n-th last request is younger than the window. */
static int64_t window_wait(const struct budget *b, size_t n, int64_t window_ms, int64_t now_ms)
{
	int64_t free_at;

	if (b->count < n)
		return 0;
	free_at = b->left[(b->next + BUDGET_MAX - n) % BUDGET_MAX] + window_ms + b->margin_ms;
	return free_at > now_ms ? free_at - now_ms : 0;
}

/* Of a small budget nothing can be kept back. */
static size_t reserve(const struct budget *b)
{
	return b->per_minute >= 4 * RESERVED ? RESERVED : 0;
}

static int64_t longest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t budget_take(struct budget *b, int64_t now_ms, bool urgent)
{
	int64_t wait = longest(0, b->closed_until_ms - now_ms);

	wait = longest(wait, window_wait(b, b->per_minute - (urgent ? 0 : reserve(b)), MINUTE_MS, now_ms));
	wait = longest(wait, window_wait(b, b->burst, BURST_MS, now_ms));
	if (wait > 0)
		return wait;
	b->left[b->next] = now_ms;
	b->next = (b->next + 1) % BUDGET_MAX;
	if (b->count < BUDGET_MAX)
		b->count++;
	return 0;
}

size_t budget_used(const struct budget *b, int64_t now_ms)
{
	size_t used = 0;

	while (used < b->count && now_ms - b->left[(b->next + BUDGET_MAX - 1 - used) % BUDGET_MAX] < MINUTE_MS)
		used++;
	return used;
}

/* Grows at once, and shrinks slowly. */
void budget_latency(struct budget *b, int64_t took_ms)
{
	int64_t margin = longest(took_ms, b->margin_ms - b->margin_ms / 8);

	margin = longest(margin, MARGIN_MS);
	b->margin_ms = margin > MARGIN_MAX_MS ? MARGIN_MAX_MS : margin;
}

void budget_close(struct budget *b, int64_t until_ms)
{
	b->closed_until_ms = longest(b->closed_until_ms, until_ms);
}
