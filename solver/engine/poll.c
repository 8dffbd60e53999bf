#include "solver/engine/poll.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"

#define PAUSE_MIN_MS 150
#define PAUSE_MAX_MS 60000
/* Of the time waited: what comes is noticed after half of that in the middle. */
#define DENSE_SOON 0.049   /* in the first five seconds */
#define DENSE 0.058        /* after fifteen */
#define DENSE_KNOWN 0.035  /* when it is expected */
#define RARE 0.2           /* before it is expected */
#define TAIL 0.3           /* long after it was expected */
#define UNKNOWN_DENSE_MS 31500 /* how long a provider that we know nothing of is looked at densely */
#define SAMPLES_MIN 3
#define FEW 5              /* queries; with so few left the rest of the time comes first */

/* ---- what was learned ---- */

void delays_add(struct delays *d, int64_t ms)
{
	d->ms[d->next] = ms;
	d->next = (d->next + 1) % DELAYS_KEPT;
	if (d->count < DELAYS_KEPT)
		d->count++;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

bool delays_usual(const struct delays *d, int64_t *ret_early_ms, int64_t *ret_late_ms)
{
	int64_t sorted[DELAYS_KEPT];

	if (d->count < SAMPLES_MIN)
		return false;
	memcpy(sorted, d->ms, d->count * sizeof(*sorted));
	qsort(sorted, d->count, sizeof(*sorted), by_size);
	*ret_early_ms = sorted[d->count / 10];
	*ret_late_ms = sorted[d->count - 1 - d->count / 10];
	return true;
}

char *delays_text(const struct delays *d)
{
	struct buf b = BUF_INIT(DELAYS_KEPT * 21);
	unsigned first = d->count < DELAYS_KEPT ? 0 : d->next;

	for (unsigned i = 0; i < d->count; i++)
		buf_printf(&b, "%s%lld", i ? "," : "", (long long)d->ms[(first + i) % DELAYS_KEPT]);
	return b.data ? buf_take(&b) : mem_dup("");
}

void delays_read(const char *text, struct delays *ret)
{
	*ret = (struct delays){ 0 };
	while (text && *text) {
		char *end;
		long long ms = strtoll(text, &end, 10);

		if (end == text)
			return;
		if (ms >= 0 && ms <= 24 * 3600 * 1000)
			delays_add(ret, ms);
		text = *end == ',' ? end + 1 : end;
	}
}

/* ---- whom ---- */

void poll_begin(struct poll *p, size_t servers, int64_t now_ms, unsigned char phase, const struct delays *usual)
{
	*p = (struct poll){ .since_ms = now_ms, .window_ms = now_ms, .phase = phase, .min_ms = PAUSE_MIN_MS, .max_ms = PAUSE_MAX_MS,
	                    .count = servers < POLL_SERVERS_MAX ? servers : POLL_SERVERS_MAX };
	if (usual && !delays_usual(usual, &p->early_ms, &p->late_ms))
		p->early_ms = p->late_ms = 0;
}

static bool may_ask(const struct poll_server *s)
{
	return !s->shown && !s->waiting && s->asked < POLL_QUERIES - POLL_RESERVE;
}

static int ask(struct poll *p, size_t i, int64_t now_ms)
{
	p->servers[i].asked_ms = now_ms;
	p->servers[i].waiting = true;
	p->servers[i].asked++;
	return (int)i;
}

int poll_ask(struct poll *p, int64_t now_ms)
{
	if (now_ms - p->window_ms >= POLL_WINDOW_MS) {
		p->window_ms = now_ms;
		for (size_t i = 0; i < p->count; i++)
			p->servers[i].asked = 0;
	}
	for (size_t k = 0; k < p->count; k++) {
		size_t i = (p->turn + k) % p->count;

		if (may_ask(&p->servers[i])) {
			p->turn = i + 1;
			return ask(p, i, now_ms);
		}
	}
	return -1;
}

int poll_ask_rest(struct poll *p, int64_t now_ms)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct poll_server *s = &p->servers[i];

		if (may_ask(s) && (!s->asked || now_ms - s->asked_ms >= p->min_ms / 2))
			return ask(p, i, now_ms);
	}
	return -1;
}

void poll_answer(struct poll *p, size_t server, bool shown, bool silent)
{
	struct poll_server *s = &p->servers[server];

	s->waiting = false;
	s->shown = shown;
	s->silent = silent;
}

size_t poll_pending(const struct poll *p)
{
	size_t pending = 0;

	for (size_t i = 0; i < p->count; i++)
		pending += !p->servers[i].shown;
	return pending;
}

bool poll_only_silent(const struct poll *p)
{
	size_t shown = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (!p->servers[i].shown && !p->servers[i].silent)
			return false;
		shown += p->servers[i].shown;
	}
	return shown > 0;
}

/* ---- when ---- */

/* Looks that are left in the window for those still waited for. */
static double looks_left(const struct poll *p)
{
	double left = 0;

	for (size_t i = 0; i < p->count; i++)
		if (!p->servers[i].shown && p->servers[i].asked < POLL_QUERIES - POLL_RESERVE)
			left += POLL_QUERIES - POLL_RESERVE - p->servers[i].asked;
	return left;
}

/* Spreads the remaining queries over the rest of the window, evenly in proportion to the time. */
static double stretch(double waited, double until, double left, double pause)
{
	double even;

	if (waited >= until || left >= log(until / waited) / log1p(DENSE))
		return pause;
	even = waited * (pow(until / waited, 1 / fmax(left, 1)) - 1);
	return fmax(pause, even);
}

static double dense_pause(const struct poll *p, double waited, double left)
{
	bool plenty = waited > 1 && left > log(POLL_WINDOW_MS / waited) / log1p(DENSE_SOON) + 2 * FEW;
	double later = plenty ? 0 : fmin(fmax((waited - 5000) / 10000, 0), 1);
	double min = (double)p->min_ms * (0.6 + 0.4 * fmin(waited / 1000, 1)); /* many answer within the first second */

	return fmin(fmax(min, waited * (DENSE_SOON + (DENSE - DENSE_SOON) * later)), (double)p->max_ms);
}

static double learned_pause(const struct poll *p, double waited, double left)
{
	double early = (double)p->early_ms, late = (double)p->late_ms, min = (double)p->min_ms;
	double end = fmin(2 * late, POLL_WINDOW_MS), tail = log(POLL_WINDOW_MS / end) / log1p(TAIL);
	double pause = dense_pause(p, waited, left);

	if (waited < early * 0.7)
		return fmin(fmax(min, waited * RARE), fmax(early * 0.7 - waited, min));
	if (waited >= early * 0.85 && waited <= late * 1.2)
		pause = fmin(pause, fmax(min, waited * DENSE_KNOWN));
	if (waited < UNKNOWN_DENSE_MS && left > FEW)
		return pause;
	return waited < end ? stretch(waited, end, left - tail, pause) : stretch(waited, POLL_WINDOW_MS, left, pause);
}

int64_t poll_pause(const struct poll *p, int64_t now_ms)
{
	double waited = (double)(now_ms - p->since_ms), left = looks_left(p);
	double pause = dense_pause(p, waited, left);

	if (waited < 1)
		return p->min_ms / 9 + p->phase * (p->min_ms - p->min_ms / 9) / UCHAR_MAX;
	if (now_ms - p->window_ms >= POLL_WINDOW_MS || p->window_ms != p->since_ms)
		return (int64_t)fmax(pause, 10.0 * POLL_WINDOW_MS / POLL_QUERIES / (double)(p->count ? p->count : 1));
	if (left < 1) /* until the window is over */
		return p->window_ms + POLL_WINDOW_MS - now_ms;
	if (p->late_ms)
		pause = learned_pause(p, waited, left);
	else if (waited >= UNKNOWN_DENSE_MS || left <= FEW)
		pause = stretch(waited, POLL_WINDOW_MS, left, pause);
	return (int64_t)pause;
}
