#include "solver/daemon/privileges.h"

#include <errno.h>
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

/* What a user sees that is not in order. The state folder is given to it later: here its parent counts. */
static void look(const struct daemon_options *options, const struct config *config, struct buf *notes)
{
	struct config *fresh = NULL, one;
	struct err err = { 0 };

	if (config_read(options->config_file, options->overrides, schema_provider_table, &fresh, &err) < 0)
		buf_printf(notes, "%s\n", err.text);
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

/* Whether it can do what root can; tried in a process of its own, which really changes to that user. */
static bool fits(const struct daemon_options *options, const struct config *config, const struct user *u)
{
	CLEANUP(buf_done) struct buf ours = BUF_INIT(NOTES_MAX), theirs = BUF_INIT(NOTES_MAX);
	int status = 1;
	pid_t child;

	look(options, config, &ours);
	child = fork();
	if (child == 0) {
		struct err err;

		alarm(TRIAL_S);
		if (user_become(u, &err) < 0 || capabilities_reduce(&err) < 0 || !reaches(config->state_dir))
			_exit(1);
		look(options, config, &theirs);
		_exit(strcmp(buf_text(&ours), buf_text(&theirs)) != 0);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int choose(const struct daemon_options *options, const struct config *config, struct user *ret, struct err *err)
{
	CLEANUP(mem_freep) char *number = mem_printf("%d", USER_UNLISTED);
	struct user unlisted;
	struct err ignored;

	if (config->user)
		return user_find(config->user, ret, err) < 0 ? err_in(err, "user") : 0;
	if (user_find(USUAL_NAME, ret, &ignored) == 0)
		return 0;
	if (user_find(number, &unlisted, &ignored) == 0 && (handover_was_given(config->state_dir) || fits(options, config, &unlisted))) {
		*ret = unlisted;
		return 0;
	}
	log_event(LOG_WARNING, "dcvd stays root, without its capabilities: there is no user dcvd, and another cannot use the state folder and the files of the configuration; "
	                       "make the user (useradd --system dcvd) and give it what it reads, or say user: root", NULL);
	return user_find("0", ret, err);
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
	return false;
}

static const char *reason_for_all_files(const struct config *config)
{
	if (!config->sandbox.files)
		return "sandbox.files is off";
	if (has_programs(config) && !(config->sandbox.writable && config->sandbox.writable[0]))
		return "programs of exec providers write where they like; sandbox.writable may name where";
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
