#include "solver/daemon/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"

#define WATCHDOG_LEAST_MS 10

struct watchdog {
	struct loop *loop;
	struct timer *timer;
	int64_t every_ms;
};

/* A systemd that does not listen may hold us up for a second, no longer. */
static int send_to(const char *path, const char *state, int flags)
{
	const struct timeval limit = { .tv_sec = 1 };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t length = strlen(path);
	int fd, failed;

	if (length >= sizeof(to.sun_path))
		return ENAMETOOLONG;
	memcpy(to.sun_path, path, length);
	if (path[0] == '@')
		to.sun_path[0] = '\0'; /* the abstract name space */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	failed = sendto(fd, state, strlen(state), MSG_NOSIGNAL | flags, (struct sockaddr *)&to,
	                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0 ? errno : 0;
	close(fd);
	return failed;
}

void notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	int failed = path && *path ? send_to(path, state, 0) : 0;

	if (failed)
		log_event(LOG_WARNING, "systemd could not be told", "state", state, "error", strerror(failed), NULL);
}

/* systemd compares with its own CLOCK_MONOTONIC, which is not the clock of our loop. */
void notify_reloading(void)
{
	struct timespec now;
	char state[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRId64, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify_send(state);
}

static void on_watchdog(void *arg)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct watchdog *w = arg;

	if (path && *path)
		send_to(path, "WATCHDOG=1", MSG_DONTWAIT); /* the next one comes soon */
	w->timer = timer_start(w->loop, w->every_ms, on_watchdog, w);
}

/* WATCHDOG_PID names the process that is to speak; a child of ours may have inherited the variables. */
static int64_t interval_ms(void)
{
	const char *interval = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!interval || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return strtoll(interval, NULL, 10) / 1000;
}

struct watchdog *watchdog_start(struct loop *l)
{
	int64_t interval = interval_ms();
	struct watchdog *w;

	if (interval <= 0)
		return NULL;
	w = mem_new(1, sizeof(*w));
	*w = (struct watchdog){ .loop = l, .every_ms = interval / 2 > WATCHDOG_LEAST_MS ? interval / 2 : WATCHDOG_LEAST_MS };
	on_watchdog(w);
	return w;
}

void watchdog_stop(struct watchdog *w)
{
	if (!w)
		return;
	timer_stop(w->timer);
	free(w);
}
