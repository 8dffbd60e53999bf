/* How often a server is asked for one name in ten minutes when it never shows the value and the others do, played in virtual
 * time: prints the most of many names, whose provider is not known, or has a delay that was learned. The check that decides
 * comes on top of it.
 *   bench_poll_window */
#include <stdio.h>
#include <stdlib.h>

#include "solver/engine/poll.h"

#define SERVERS 4
#define ROUND_TRIP_MS 20

static int play(unsigned char phase, const struct delays *usual)
{
	struct poll p;

	poll_begin(&p, SERVERS, 0, phase, usual);
	for (int64_t now = 0, pause; now < POLL_WINDOW_MS; now += pause) {
		int i = poll_ask(&p, now);

		if (i >= 0)
			poll_answer(&p, (size_t)i, i > 0, false);
		pause = poll_pause(&p, now + ROUND_TRIP_MS);
	}
	return p.servers[0].asked;
}

static int most(const struct delays *usual)
{
	int found = 0;

	for (int phase = 0; phase < 256; phase++) {
		int asked = play((unsigned char)phase, usual);

		found = asked > found ? asked : found;
	}
	return found;
}

int main(void)
{
	static const int64_t usual_ms[] = { 200, 1000, 5000, 30000, 120000, 400000 };
	int known = 0;

	for (size_t i = 0; i < sizeof(usual_ms) / sizeof(*usual_ms); i++) {
		struct delays d = { 0 };
		int asked;

		for (int k = 0; k < 10; k++)
			delays_add(&d, usual_ms[i] + k * usual_ms[i] / 100);
		asked = most(&d);
		known = asked > known ? asked : known;
	}
	printf("| Questions of a name at a server in ten minutes, never shown, simulated | %d, delay learned %d |  | %.2f | at most %d |\n",
	       most(NULL), known, (double)(known > most(NULL) ? known : most(NULL)) / POLL_QUERIES, POLL_QUERIES);
	return 0;
}
