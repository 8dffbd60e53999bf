#include "solver/sandbox/capabilities.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIND (1U << CAP_NET_BIND_SERVICE)

struct sets {
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

static int sets_read(struct sets *s)
{
	*s = (struct sets){ .header.version = _LINUX_CAPABILITY_VERSION_3 };
	return (int)syscall(SYS_capget, &s->header, s->data);
}

/* Needs CAP_SETPCAP: a process that never had it cannot. */
static int empty_bounding(struct err *err)
{
	for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c) >= 0; c++)
		if (prctl(PR_CAPBSET_DROP, c) < 0)
			return err_errno(err, "empty the bounding set of capabilities");
	return 0;
}

int capabilities_reduce(struct err *err)
{
	struct sets s;
	uint32_t spare;

	if (sets_read(&s) < 0)
		return err_errno(err, "read the capabilities");
	if (s.data[0].permitted & (1U << CAP_SETPCAP)) {
		s.data[0].effective |= 1U << CAP_SETPCAP; /* not there any more after a change of the user */
		if (syscall(SYS_capset, &s.header, s.data) < 0)
			return err_errno(err, "raise CAP_SETPCAP");
		if (empty_bounding(err) < 0)
			return err->code;
	}
	prctl(PR_CAP_AMBIENT, (unsigned long)PR_CAP_AMBIENT_CLEAR_ALL, 0UL, 0UL, 0UL);
	spare = (s.data[0].permitted & ~BIND) | s.data[1].permitted;
	s.data[0] = (struct __user_cap_data_struct){ s.data[0].permitted & BIND, s.data[0].permitted & BIND, 0 };
	s.data[1] = (struct __user_cap_data_struct){ 0 };
	/* A filter of system calls may forbid it: that does no harm where there is nothing to give up. */
	return syscall(SYS_capset, &s.header, s.data) < 0 && spare ? err_errno(err, "give up capabilities") : 0;
}

int capabilities_gain_none(struct err *err)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0 ? err_errno(err, "set no_new_privs") : 0;
}

bool capabilities_bind(void)
{
	struct sets s;

	return sets_read(&s) == 0 && s.data[0].effective & BIND;
}
