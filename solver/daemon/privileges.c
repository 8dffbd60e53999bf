#include "solver/daemon/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/base/trusted.h"
#include "solver/conf/tables.h"
#include "solver/daemon/host.h"
#include "solver/daemon/schema.h"
#include "solver/sandbox/calls.h"
#include "solver/sandbox/capabilities.h"
#include "solver/sandbox/files.h"
#include "solver/sandbox/handover.h"
#include "solver/sandbox/user.h"

#define USUAL_NAME "dcvd"
#define TRIAL_S 10
#define NOTES_MAX (1024 * 1024)

struct privileges {
	struct user user;
	bool calls;          /* filtered by us */
	struct files *files; /* NULL: not restricted */
	char *why_calls, *why_files; /* why not */
};

/* ---- which user ---- */

/* Whatever the reason: root finds no file where another user finds a closed folder. */
static void note_unreadable(const char *section, const char *option, const char *file, struct buf *notes)
{
	if (file && access(file, R_OK) < 0)
		buf_printf(notes, "%s%s%s: %s cannot be read\n", section, *section ? "." : "", option, file);
}

static void note_section(const struct section *s, const struct config *config, struct buf *notes)
{
	for (const struct option *o = s->table; o->name; o++)
		if (o->kind == OPTION_PATH && strcmp(o->name, "state-dir") != 0)
			note_unreadable(s->name, o->name, *(char **)(void *)((char *)section_base(s, config) + o->offset), notes);
}

static void note_files(const struct config *config, struct buf *notes)
{
	for (const struct section *s = config_sections; s->name; s++)
		note_section(s, config, notes);
	for (char **file = config->check.authorities; file && *file; file++)
		note_unreadable("check", "authorities", *file, notes);
}

/* What a user sees that is not in order: what cannot be read into `refused`. The state folder is given to it later. */
static void look(const struct daemon_options *options, const struct config *config, struct buf *refused, struct buf *notes)
{
	struct config *fresh = NULL, one;
	struct err err = { 0 };

	if (config_read(options->config_file, options->overrides, schema_provider_table, &fresh, &err) < 0)
		buf_printf(refused, "%s\n", err.text);
	one = *config;
	one.state_dir = NULL;
	host_advise(&one, notes);
	note_files(config, notes);
	config_free(fresh);
}

static bool reaches(const char *path)
{
	struct stat st;
	CLEANUP(mem_freep) char *parent = NULL;

	if (stat(path, &st) == 0)
		return true;
	parent = host_parent(path);
	return errno == ENOENT && stat(parent, &st) == 0;
}

/* Programs find their own files below it: what a user without a home writes belongs into the state folder. */
static void set_home(const struct config *config, const struct user *u)
{
	const struct passwd *entry = getpwuid(u->uid);
	struct stat st;

	setenv("HOME", entry && stat(entry->pw_dir, &st) == 0 && S_ISDIR(st.st_mode) ? entry->pw_dir : config->state_dir, 1);
	setenv("USER", u->name, 1);
	setenv("LOGNAME", u->name, 1);
}

static void look_as(const struct daemon_options *options, const struct config *config, const struct user *u, struct buf *refused, struct buf *notes)
{
	struct err err;

	if (user_become(u, &err) < 0 || capabilities_reduce(&err) < 0) {
		buf_printf(refused, "%s\n", err.text);
		return;
	}
	if (!reaches(config->state_dir))
		buf_printf(refused, "state-dir: %s cannot be reached: %s\n", config->state_dir, strerror(errno));
	look(options, config, refused, notes);
}

static void write_all(FILE *out, const struct buf *text)
{
	fwrite(buf_text(text), 1, text->length, out);
	fputc('\0', out);
}

/* In a process of its own, which really changes to that user; what it sees comes back, each text with a zero byte behind it. */
static void try_user(const struct daemon_options *options, const struct config *config, const struct user *u, int fd)
{
	CLEANUP(buf_done) struct buf refused = BUF_INIT(NOTES_MAX);
	CLEANUP(buf_done) struct buf notes = BUF_INIT(NOTES_MAX);
	FILE *out = fdopen(fd, "w");

	alarm(TRIAL_S);
	look_as(options, config, u, &refused, &notes);
	if (out) {
		write_all(out, &refused);
		write_all(out, &notes);
		fflush(out);
	}
	_exit(0);
}

/* Lines of `theirs` that are not in `ours`. */
static void add_new(const char *ours, char *theirs, struct buf *out)
{
	char *at = NULL;

	for (char *line = strtok_r(theirs, "\n", &at); line; line = strtok_r(NULL, "\n", &at))
		if (!strstr(ours, line))
			buf_printf(out, "%s\n", line);
}

static void receive(FILE *in, const char *ours, struct buf *out)
{
	char *text = NULL;
	size_t size = 0;

	if (getdelim(&text, &size, '\0', in) < 0)
		buf_printf(out, "it cannot be tried what that user may read\n");
	else
		add_new(ours, text, out);
	free(text);
}

/* What the user cannot do that root can. */
static void compare(const struct daemon_options *options, const struct config *config, const struct user *u, struct buf *refused, struct buf *notes)
{
	CLEANUP(buf_done) struct buf our_refused = BUF_INIT(NOTES_MAX);
	CLEANUP(buf_done) struct buf our_notes = BUF_INIT(NOTES_MAX);
	int ends[2];
	pid_t child;
	FILE *in;

	look(options, config, &our_refused, &our_notes);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	child = fork();
	if (child == 0)
		try_user(options, config, u, ends[1]);
	close(ends[1]);
	in = fdopen(ends[0], "r");
	receive(in, buf_text(&our_refused), refused);
	receive(in, buf_text(&our_notes), notes);
	fclose(in);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The user that is wanted: of the configuration, else dcvd. False: there is none; ERR_NOT_FOUND when a name is wrong. */
static int find_user(const struct config *config, struct user *ret, bool *ret_found, struct err *err)
{
	struct err ignored;

	*ret_found = true;
	if (config->user)
		return user_find(config->user, ret, err) < 0 ? err_in(err, "user") : 0;
	*ret_found = user_find(USUAL_NAME, ret, &ignored) == 0;
	return 0;
}

/* Whether the number that nobody made a user for can do what root can; else `why` has the first thing that it cannot. */
static bool fits(const struct daemon_options *options, const struct config *config, const struct user *u, struct buf *why)
{
	CLEANUP(buf_done) struct buf notes = BUF_INIT(NOTES_MAX);

	compare(options, config, u, why, &notes);
	buf_add_text(why, buf_text(&notes));
	if (why->length)
		why->data[strcspn(why->data, "\n")] = '\0';
	return !why->length;
}

static int choose(const struct daemon_options *options, const struct config *config, struct user *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf why = BUF_INIT(2 * NOTES_MAX);
	CLEANUP(mem_freep) char *number = mem_printf("%d", USER_UNLISTED);
	struct user unlisted;
	struct err ignored;
	bool found;

	if (find_user(config, ret, &found, err) < 0)
		return err->code;
	if (found)
		return 0;
	if (user_find(number, &unlisted, &ignored) == 0 && (handover_was_given(config->state_dir) || fits(options, config, &unlisted, &why))) {
		*ret = unlisted;
		return 0;
	}
	log_event(LOG_WARNING, "dcvd stays root, without its capabilities: there is no user dcvd, and another cannot use the state folder and the files of the configuration; "
	                       "make the user (useradd --system dcvd) and give it what it reads, or say user: root", "another-cannot", buf_text(&why), NULL);
	return user_find("0", ret, err);
}

void privileges_check_user(const struct daemon_options *options, const struct config *config, struct buf *mistakes, struct buf *warnings)
{
	CLEANUP(buf_done) struct buf refused = BUF_INIT(NOTES_MAX);
	CLEANUP(buf_done) struct buf notes = BUF_INIT(NOTES_MAX);
	struct user user;
	struct err err;
	bool found;

	if (geteuid() != 0 || find_user(config, &user, &found, &err) < 0 || !found || !user.uid)
		return;
	compare(options, config, &user, &refused, &notes);
	if (refused.length)
		buf_printf(mistakes, "as user %s, who runs the service: %s", user.name, buf_text(&refused));
	if (notes.length)
		buf_printf(warnings, "as user %s, who runs the service:\n%s", user.name, buf_text(&notes));
}

/* Warns of each file that root could read before. */
static void tell_lost(const struct config *config, const struct user *u, const char *before)
{
	CLEANUP(buf_done) struct buf after = BUF_INIT(NOTES_MAX);
	char *at = NULL;

	note_files(config, &after);
	for (char *line = after.data ? strtok_r(after.data, "\n", &at) : NULL; line; line = strtok_r(NULL, "\n", &at))
		if (!strstr(before, line))
			log_event(LOG_WARNING, line, "user", u->name, NULL);
}

static int become(const struct config *config, const struct user *u, struct err *err)
{
	CLEANUP(buf_done) struct buf before = BUF_INIT(NOTES_MAX);

	note_files(config, &before);
	if (user_become(u, err) < 0)
		return err->code;
	set_home(config, u);
	tell_lost(config, u, buf_text(&before));
	return 0;
}

/* Root stays where it is; nobody else can change. */
static int change_user(const struct daemon_options *options, const struct config *config, struct privileges *p, struct err *err)
{
	if (geteuid() != 0) {
		CLEANUP(mem_freep) char *number = mem_printf("%lu", (unsigned long)geteuid());

		return user_find(number, &p->user, err);
	}
	if (choose(options, config, &p->user, err) < 0)
		return err->code;
	if (handover_folder(config->state_dir, &p->user, err) < 0)
		return err_in(err, "state-dir");
	return p->user.uid ? become(config, &p->user, err) : 0;
}

/* ---- system calls and files ---- */

/* A program of the user's may write anywhere, unless somebody said where. */
static bool has_programs(const struct config *config)
{
	for (size_t i = 0; i < config->provider_count; i++)
		if (strcmp(config->providers[i].type, "exec") == 0)
			return true;
	for (size_t i = 0; i < config->cps.policy_count; i++)
		if (config->cps.policies[i].before_deployment || config->cps.policies[i].after_deployment)
			return true;
	return false;
}

static const char *reason_for_all_files(const struct config *config)
{
	if (!config->sandbox.files)
		return "sandbox.files is off";
	if (has_programs(config) && !(config->sandbox.writable && config->sandbox.writable[0]))
		return "programs of exec providers and of cps.policies write where they like; sandbox.writable may name where";
	return NULL;
}

static void allow(struct files *f, const char *folder, const char *option)
{
	struct err err = { 0 };

	if (files_allow(f, folder, &err) < 0)
		log_event(LOG_WARNING, "this folder cannot be written before a restart finds it", "option", option, "error", err.text, NULL);
}

static void allow_all(struct files *f, const struct config *config)
{
	allow(f, config->state_dir, "state-dir");
	for (size_t i = 0; i < config->route_count; i++)
		if (config->routes[i].folder)
			allow(f, config->routes[i].folder, "routes.folder");
	for (char **folder = config->sandbox.writable; folder && *folder; folder++)
		allow(f, *folder, "sandbox.writable");
}

static void try_files(void)
{
	struct files *f = files_new();
	struct err err;

	files_restrict(f, &err);
	files_free(f);
}

static void restrict_files(const struct config *config, struct privileges *p)
{
	const char *reason = reason_for_all_files(config);
	struct err err = { 0 };
	struct files *f;

	if (!reason && calls_filtered() && !calls_survive(try_files))
		reason = "the filter of system calls does not let it";
	p->why_files = mem_dup(reason);
	if (reason)
		return;
	f = files_new();
	allow_all(f, config);
	if (files_restrict(f, &err) == 0) {
		p->files = f;
		return;
	}
	p->why_files = mem_dup(err.text);
	files_free(f);
}

static int filter_calls(const struct config *config, struct privileges *p, struct err *err)
{
	const char *reason = !config->sandbox.system_calls ? "sandbox.system-calls is off" : calls_filtered() ? "filtered by who started it" : NULL;

	p->why_calls = mem_dup(reason);
	p->calls = !reason;
	return reason ? 0 : calls_filter(err);
}

/* ---- folders that are handed over ---- */

/* Each folder of a path, from behind `known` on. */
static int make_path(char *path, size_t known)
{
	for (char *slash = path + known; (slash = strchr(slash + 1, '/')); *slash = '/') {
		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -1;
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

/* Of routes, inside the state folder: nobody else can make them. Elsewhere the name may be misspelt. */
static void make_folders(const struct config *config)
{
	for (size_t i = 0; i < config->route_count; i++) {
		CLEANUP(mem_freep) char *path = mem_dup(config->routes[i].folder);

		if (path && host_in_state(config, path) && make_path(path, strlen(config->state_dir)) < 0)
			log_event(LOG_ERROR, "this folder of a route cannot be made", "folder", config->routes[i].folder, "error", strerror(errno), NULL);
	}
}

/* ---- all together ---- */

static bool is_off(const struct config *config)
{
	return !config->sandbox.files && !config->sandbox.system_calls;
}

static int drop(const struct daemon_options *options, const struct config *config, struct privileges *p, struct err *err)
{
	bool root = geteuid() == 0;

	if (change_user(options, config, p, err) < 0 || capabilities_reduce(err) < 0)
		return err->code;
	if ((root || !is_off(config)) && capabilities_gain_none(err) < 0)
		return err->code;
	if (!root && trusted_make(config->state_dir, geteuid(), false, err) < 0)
		return err_in(err, "state-dir");
	make_folders(config);
	restrict_files(config, p);
	return filter_calls(config, p, err);
}

int privileges_drop(const struct daemon_options *options, const struct config *config, struct privileges **ret, struct err *err)
{
	struct privileges *p = mem_new(1, sizeof(*p));

	if (drop(options, config, p, err) < 0) {
		privileges_free(p);
		return err->code;
	}
	*ret = p;
	return 0;
}

void privileges_log(const struct privileges *p)
{
	log_event(LOG_INFO, "privileges", "user", p->user.name, "capabilities", capabilities_bind() ? "CAP_NET_BIND_SERVICE" : "none", "system-calls",
	          p->calls ? "filtered" : p->why_calls, "files", p->files ? "restricted" : p->why_files, NULL);
}

static void check_covered(const struct privileges *p, const char *folder)
{
	if (folder && !files_cover(p->files, folder))
		log_event(LOG_ERROR, "dcvd may not write to this folder before a restart: it was not among those of the start", "folder", folder, NULL);
}

void privileges_check(const struct privileges *p, const struct config *config)
{
	make_folders(config);
	if (!p->files)
		return;
	for (size_t i = 0; i < config->route_count; i++)
		check_covered(p, config->routes[i].folder);
	for (char **folder = config->sandbox.writable; folder && *folder; folder++)
		check_covered(p, *folder);
}

void privileges_free(struct privileges *p)
{
	if (!p)
		return;
	files_free(p->files);
	free(p->why_calls);
	free(p->why_files);
	free(p);
}
