#include "solver/sandbox/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define ID_LAST 4294967294UL /* the next one means "no change" to the system */

/* False for what is no number. */
static bool read_number(const char *text, uid_t *ret)
{
	char *end;
	unsigned long number;

	if (!*text || strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	number = strtoul(text, &end, 10);
	*ret = (uid_t)number;
	return !errno && number <= ID_LAST;
}

int user_find(const char *text, struct user *ret, struct err *err)
{
	uid_t number = 0;
	bool is_number = read_number(text, &number);
	const struct passwd *entry = is_number ? getpwuid(number) : getpwnam(text);

	if (!entry && !is_number)
		return err_set(err, ERR_NOT_FOUND, "there is no user \"%.64s\": make it (useradd --system %.64s), or name another", text, text);
	*ret = (struct user){ .uid = entry ? entry->pw_uid : number, .gid = entry ? entry->pw_gid : number, .listed = entry != NULL };
	snprintf(ret->name, sizeof(ret->name), "%s", entry ? entry->pw_name : text);
	return 0;
}

static int become(const struct user *u)
{
	if (prctl(PR_SET_KEEPCAPS, 1L) < 0)
		return -1;
	if (u->listed ? initgroups(u->name, u->gid) < 0 : setgroups(0, NULL) < 0)
		return -1;
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return -1;
	return setresuid(u->uid, u->uid, u->uid);
}

int user_become(const struct user *u, struct err *err)
{
	return become(u) < 0 ? err_errno(err, "change from root to user %s", u->name) : 0;
}
