#include "webroot/runner.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "solver/base/mem.h"

struct runner {
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int wake; /* eventfd */
	atomic_bool quiescing, quiet, stopping;
};

static int pause_ms(struct runner *r)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(r->daemon, &ms) != MHD_YES)
		return -1;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void quiesce(struct runner *r)
{
	if (!atomic_load(&r->quiet))
		MHD_quiesce_daemon(r->daemon);
	atomic_store(&r->quiet, true);
}

/* libmicrohttpd closes the socket of a daemon that is not quiet. */
static void daemon_stop(struct MHD_Daemon *daemon)
{
	MHD_quiesce_daemon(daemon);
	MHD_stop_daemon(daemon);
}

static void *run(void *arg)
{
	struct runner *r = arg;
	struct pollfd fds[] = { { .fd = MHD_get_daemon_info(r->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .events = POLLIN },
	                        { .fd = r->wake, .events = POLLIN } };
	eventfd_t count;

	while (!atomic_load(&r->stopping)) {
		poll(fds, 2, pause_ms(r));
		if (fds[1].revents)
			eventfd_read(r->wake, &count);
		if (atomic_load(&r->quiescing))
			quiesce(r);
		MHD_run(r->daemon);
	}
	quiesce(r);
	MHD_stop_daemon(r->daemon);
	return NULL;
}

/* The signals of the process are for its first thread. */
static int start_thread(struct runner *r)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&r->thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed ? -1 : 0;
}

int runner_start(struct MHD_Daemon *daemon, struct runner **ret, struct err *err)
{
	struct runner *r = mem_new(1, sizeof(*r));

	r->daemon = daemon;
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->wake >= 0 && start_thread(r) == 0) {
		*ret = r;
		return 0;
	}
	if (r->wake >= 0)
		close(r->wake);
	daemon_stop(daemon);
	free(r);
	return err_set(err, ERR_IO, "a thread of the HTTP server cannot start; check the limits on threads and open files");
}

void runner_quiesce(struct runner *r)
{
	atomic_store(&r->quiescing, true);
	eventfd_write(r->wake, 1);
}

bool runner_is_quiet(const struct runner *r)
{
	return atomic_load(&r->quiet);
}

void runner_stop(struct runner *r)
{
	if (!r)
		return;
	atomic_store(&r->stopping, true);
	eventfd_write(r->wake, 1);
	pthread_join(r->thread, NULL);
	close(r->wake);
	free(r);
}
