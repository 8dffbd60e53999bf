#include "solver/base/limit.h"

#include <sys/resource.h>

#include "solver/base/log.h"

void limit_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

unsigned limit_fit(unsigned wanted, unsigned share, const char *what)
{
	struct rlimit limit;
	unsigned long long most;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return wanted;
	most = limit.rlim_cur / 100 * share;
	if (wanted <= most)
		return wanted;
	log_line(LOG_WARNING, "%s: %u connections do not fit into the limit of %llu open files (LimitNOFILE=); %llu are taken", what, wanted,
	         (unsigned long long)limit.rlim_cur, most ? most : 1);
	return most ? (unsigned)most : 1;
}
