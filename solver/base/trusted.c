#include "solver/base/trusted.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "solver/base/mem.h"

#define GROUPS_MAX 65536 /* of Linux */
#define LINKS_MAX 40     /* of Linux, in one path */
#define NOBODY_YET ((uid_t)-1)

/* The way to a folder, name by name, through each link. */
struct walk {
	char *at;    /* the folder that was reached; no link is in it */
	char *rest;  /* the names that are left */
	uid_t owner; /* who may change things beside root; NOBODY_YET: the first who is met */
	bool any_owner, missing;
	unsigned links;
};

static void walk_done(struct walk *w)
{
	free(w->at);
	free(w->rest);
}

static bool in_group(gid_t group)
{
	CLEANUP(mem_freep) gid_t *groups = mem_new(GROUPS_MAX, sizeof(*groups));
	int count = getgroups(GROUPS_MAX, groups);

	for (int i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return group == getegid();
}

/* Its group is one of this process, as Kubernetes does with fsGroup. Root needs none. */
static bool is_of_our_group(const struct stat *st)
{
	return geteuid() != 0 && in_group(st->st_gid);
}

/* ---- the folders above ---- */

static bool is_ours(struct walk *w, uid_t user)
{
	if (user != 0 && w->owner == NOBODY_YET)
		w->owner = user;
	return user == 0 || user == w->owner;
}

static int refuse_owner(const char *path, uid_t user, struct err *err)
{
	return err_set(err, ERR_DENIED, "%s belongs to user %lu, who could put something else in the place of what is below it: name a folder that only root and the user who runs dcvd "
	               "can move", path, (unsigned long)user);
}

static int refuse_open_way(const char *path, char who, struct err *err)
{
	return err_set(err, ERR_DENIED, "%s may rename what is in %s, so nothing below it can be trusted: chmod %c-w %s, or use another folder",
	               who == 'o' ? "everybody" : "a group", path, who, path);
}

/* In a folder such as /tmp many make names, but only the owner of a name (or of the folder) takes it away. */
static int judge_above(struct walk *w, const struct stat *folder, const char *entry, const struct stat *st, struct err *err)
{
	bool everybody = folder->st_mode & S_IWOTH, group = folder->st_mode & S_IWGRP && !is_of_our_group(folder);

	if (!is_ours(w, folder->st_uid))
		return refuse_owner(w->at, folder->st_uid, err);
	if ((everybody || group) && !(folder->st_mode & S_ISVTX))
		return refuse_open_way(w->at, everybody ? 'o' : 'g', err);
	if ((everybody || group) && st && !is_ours(w, st->st_uid))
		return refuse_owner(entry, st->st_uid, err);
	return 0;
}

/* ---- the way ---- */

static void set(char **text, char *fresh)
{
	free(*text);
	*text = fresh;
}

static int follow(struct walk *w, const char *link, struct err *err)
{
	char target[PATH_MAX];
	ssize_t length = readlink(link, target, sizeof(target) - 1);

	if (length < 0)
		return err_errno(err, "%s", link);
	target[length] = '\0';
	if (++w->links > LINKS_MAX)
		return err_set(err, ERR_INVALID, "%s: too many links", link);
	set(&w->rest, mem_printf("%s/%s", target, w->rest));
	if (*target == '/')
		set(&w->at, mem_dup("/"));
	return 0;
}

static int enter(struct walk *w, const char *name, struct err *err)
{
	CLEANUP(mem_freep) char *entry = mem_printf("%s/%s", w->at[1] ? w->at : "", name);
	struct stat folder, st;

	if (stat(w->at, &folder) < 0)
		return err_errno(err, "%s", w->at);
	w->missing = lstat(entry, &st) < 0;
	if (w->missing && errno != ENOENT)
		return err_errno(err, "%s", entry);
	if (judge_above(w, &folder, entry, w->missing ? NULL : &st, err) < 0)
		return err->code;
	if (!w->missing && S_ISLNK(st.st_mode))
		return follow(w, entry, err);
	set(&w->at, mem_dup(entry));
	return 0;
}

static void go_up(struct walk *w)
{
	char *slash = strrchr(w->at, '/');

	slash[slash == w->at] = '\0';
}

static int walk_step(struct walk *w, struct err *err)
{
	size_t length = strcspn(w->rest, "/");
	CLEANUP(mem_freep) char *name = mem_dup_n(w->rest, length);

	set(&w->rest, mem_dup(w->rest + length + (w->rest[length] == '/')));
	if (!*name || strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") != 0)
		return enter(w, name, err);
	go_up(w);
	return 0;
}

static int walk_begin(struct walk *w, const char *path, struct err *err)
{
	char here[PATH_MAX] = "";

	if (*path != '/' && !getcwd(here, sizeof(here)))
		return err_errno(err, "%s: the current folder", path);
	w->at = mem_dup("/");
	w->rest = mem_printf("%s/%s", here, path);
	return 0;
}

/* ---- the folder itself ---- */

static bool may_belong(const struct walk *w, uid_t user)
{
	if (w->any_owner)
		return w->owner == NOBODY_YET || user == w->owner;
	return user == 0 || user == w->owner;
}

static int judge_folder(const char *path, const struct walk *w, struct err *err)
{
	struct stat st;

	if (stat(w->at, &st) < 0)
		return err_errno(err, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID, "%s is not a folder", path);
	if (w->any_owner && !may_belong(w, st.st_uid))
		return err_set(err, ERR_DENIED, "the way to %s belongs to user %lu, who could put something else in its place: name a folder that only root and the user who runs dcvd can move",
		               path, (unsigned long)w->owner);
	if (!may_belong(w, st.st_uid))
		return err_set(err, ERR_DENIED, "%s belongs to user %lu, who could change what is in it, and not to user %lu, who runs dcvd: chown -R %lu %s, or name another folder",
		               path, (unsigned long)st.st_uid, (unsigned long)w->owner, (unsigned long)w->owner, path);
	if (st.st_mode & S_IWOTH || (st.st_mode & S_IWGRP && !(st.st_uid == 0 && is_of_our_group(&st))))
		return err_set(err, ERR_DENIED, "%s may be written by others, who could change what is in it: chmod go-w %s", path, path);
	return 0;
}

int trusted_folder(const char *path, uid_t owner, bool any_owner, struct err *err)
{
	CLEANUP(walk_done) struct walk w = { .owner = any_owner ? NOBODY_YET : owner, .any_owner = any_owner };

	if (walk_begin(&w, path, err) < 0)
		return err->code;
	while (*w.rest && !w.missing)
		if (walk_step(&w, err) < 0)
			return err->code;
	return w.missing ? 0 : judge_folder(path, &w, err);
}

int trusted_make(const char *path, uid_t owner, bool any_owner, struct err *err)
{
	if (trusted_folder(path, owner, any_owner, err) < 0)
		return err->code;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "make the state folder %s", path);
	return trusted_folder(path, owner, any_owner, err);
}
