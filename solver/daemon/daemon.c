#include "solver/daemon/daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "solver/api/api.h"
#include "solver/base/limit.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/cps/cps.h"
#include "solver/daemon/comparison.h"
#include "solver/daemon/listening.h"
#include "solver/daemon/notify.h"
#include "solver/daemon/parts.h"
#include "solver/daemon/privileges.h"
#include "solver/daemon/refused.h"
#include "solver/daemon/reload.h"
#include "solver/daemon/schema.h"
#include "solver/daemon/verify.h"
#include "solver/verdict/judge.h"
#include "solver/net/http_listeners.h"
#include "solver/net/interface.h"

struct daemon {
	const struct daemon_options *options;
	struct config *config; /* in force */
	struct privileges *privileges;
	struct parts parts;
	struct listening *listening;
	struct cps *cps;
	struct api *api;
	struct reload *reload;
	struct watchdog *watchdog;
};

static void log_lines(const char *lines)
{
	CLEANUP(mem_freep) char *copy = mem_dup(lines);
	char *at;

	for (char *line = strtok_r(copy, "\n", &at); line; line = strtok_r(NULL, "\n", &at))
		log_event(LOG_WARNING, line, NULL);
}

static void log_warnings(const struct config *c)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT(65536);

	config_warnings(c, &out);
	verify_advise(c, &out);
	log_lines(buf_text(&out));
}

static bool validates_over_http(const struct config *c)
{
	for (size_t i = 0; i < c->route_count; i++)
		if (c->routes[i].type != CHALLENGE_DNS01 && c->routes[i].unknown == UNKNOWN_HOLD)
			return true;
	return !c->route_count;
}

/* For dns-01 one family is enough; over HTTP an authority asks each address by its own rules, so a host that lacks a family cannot tell. */
static void log_families(const struct config *c)
{
	for (int ipv6 = 0; ipv6 < 2 && validates_over_http(c); ipv6++) {
		int number = interface_family_obstacle(ipv6);
		CLEANUP(mem_freep) char *text = NULL;

		if (!number)
			continue;
		text = mem_printf("this host has no IPv%d (%s): an http-01 name with such an address stays UNKNOWN until a perspective that has it "
		                  "looks too (perspectives.peers), or its route says unknown: accept", ipv6 ? 6 : 4, strerror(number));
		log_event(LOG_WARNING, text, NULL);
	}
}

static int read_config(struct daemon *d, struct config **ret, struct err *err)
{
	if (config_read(d->options->config_file, d->options->overrides, schema_provider_table, ret, err) < 0)
		return err->code;
	log_setup((enum log_level)(*ret)->log.level, (enum log_format)(*ret)->log.format);
	log_warnings(*ret);
	log_families(*ret);
	return 0;
}

/* ---- what listens, around the parts ---- */

/* After the recovery: the first question finds the answers that were published before. */
static int open_listening(struct daemon *d, struct err *err)
{
	return listening_open(d->parts.loop, d->config, d->parts.answers, &d->listening, err);
}

static int is_ready(void *arg, struct err *err)
{
	struct daemon *d = arg;

	return engine_health(d->parts.engine, err);
}

static int compare(void *arg, comparison_fn done, void *done_arg, struct err *err)
{
	struct daemon *d = arg;

	return comparison_start(d->parts.loop, d->options, d->config, done, done_arg, err);
}

static int open_doors(struct daemon *d, struct err *err)
{
	const struct config *c = d->config;
	const struct cps_parts cps = { d->parts.loop, d->parts.http, d->parts.engine, d->parts.store, c };

	if (api_bootstrap_operator(d->parts.store, c->state_dir, err) < 0 || cps_open(&cps, &d->cps, err) < 0)
		return err->code;
	const struct api_parts api = { .loop = d->parts.loop, .engine = d->parts.engine, .store = d->parts.store, .http = d->parts.http, .may_connect = address_may_connect,
	                               .config = c, .mpic = d->parts.mpic, .cps = d->cps, .ready = is_ready, .compare = compare, .arg = d, .guards = listening_guards(d->listening) };
	if (api_start(&api, &d->api, err) < 0)
		return err->code;
	access_follow(d->parts.access, d->api);
	refused_log(d->parts.engine);
	return 0;
}

/* Front doors first, so that nothing new comes in. */
static void close_all(struct daemon *d)
{
	watchdog_stop(d->watchdog);
	reload_free(d->reload);
	access_follow(d->parts.access, NULL);
	api_stop(d->api);
	cps_close(d->cps);
	listening_close(d->listening);
	parts_close(&d->parts);
	privileges_free(d->privileges);
	config_free(d->config);
}

/* ---- signals ---- */

static void on_stop(int signal, void *arg)
{
	struct daemon *d = arg;

	log_event(LOG_INFO, "stopping", "signal", signal == SIGINT ? "SIGINT" : "SIGTERM", NULL);
	notify_send("STOPPING=1");
	loop_stop(d->parts.loop);
}

/* All or nothing: nobody may keep a snapshot that is given up. Gives *ret_doors, which the API takes. */
static int reconfigure(struct daemon *d, const struct config *fresh, struct http_listeners_change **ret_doors, struct err *err)
{
	struct listening_change *listening = NULL;
	struct http_listeners_change *doors = NULL;

	if (listening_prepare(d->listening, d->config, fresh, &listening, err) < 0 || api_prepare(d->api, fresh, &doors, err) < 0 ||
	    parts_reconfigure(&d->parts, d->config, fresh, err) < 0) {
		http_listeners_abort(doors);
		listening_abort(listening);
		return err->code;
	}
	listening_commit(listening);
	*ret_doors = doors;
	return 0;
}

static void take_config(struct daemon *d, struct config *fresh, struct http_listeners_change *doors)
{
	struct config *old = d->config;

	d->config = fresh;
	log_setup((enum log_level)fresh->log.level, (enum log_format)fresh->log.format);
	cps_reconfigure(d->cps, fresh);
	api_reconfigure(d->api, fresh, doors);
	privileges_check(d->privileges, fresh);
	refused_log(d->parts.engine);
	config_free(old);
	log_event(LOG_INFO, "configuration reloaded", "file", fresh->file, NULL);
}

static void log_kept(const char *option, void *arg)
{
	(void)arg;
	log_event(LOG_WARNING, "this option is read at the start only: the file has another value, which takes effect after a restart", "option", option, NULL);
}

static void on_config_read(struct config *fresh, const char *warnings, struct err *err, void *arg)
{
	struct http_listeners_change *doors;
	struct daemon *d = arg;

	log_lines(warnings);
	if (fresh)
		config_keep_running(fresh, d->config, log_kept, NULL);
	if (fresh && reconfigure(d, fresh, &doors, err) == 0) {
		take_config(d, fresh, doors);
	} else {
		log_event(LOG_ERROR, "the configuration was not reloaded; the old one stays in force", "error", err->text, NULL);
		config_free(fresh);
	}
	notify_send("READY=1");
}

static void on_reload(int signal, void *arg)
{
	struct daemon *d = arg;

	(void)signal;
	notify_reloading();
	reload_ask(d->reload);
}

static const char *first(char *const *listen)
{
	return listen && listen[0] ? listen[0] : "off";
}

static void log_ready(const struct daemon *d)
{
	const struct config *c = d->config;

	log_event(LOG_INFO, "ready", "version", DCVD_VERSION, "state", c->state_dir, "http", listening_http(d->listening), "dns",
	          listening_dns(d->listening), "api", first(c->api.listen), "http-tls", first(c->http.tls_listen), "api-tls", first(c->api.tls_listen), NULL);
}

/* A core dump would hold keys, and who may trace the process reads them. A change of the user makes a decision of its own. */
static void set_dumpable(void)
{
#ifdef __SANITIZE_ADDRESS__ /* its leak check looks at the process from outside */
	prctl(PR_SET_DUMPABLE, 1L);
#else
	prctl(PR_SET_DUMPABLE, 0L);
#endif
}

/* Thousands of connections need descriptors; a core dump would hold keys. */
static void set_limits(void)
{
	limit_raise_files();
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	set_dumpable();
}

/* Read twice: by root, who knows from it which user to become, and by that user, who will read it at each reload. */
static int drop_privileges(struct daemon *d, struct err *err)
{
	struct config *c = NULL;
	int code = config_read(d->options->config_file, d->options->overrides, schema_provider_table, &c, err);

	if (code < 0)
		return code;
	log_setup((enum log_level)c->log.level, (enum log_format)c->log.format);
	code = privileges_drop(d->options, c, &d->privileges, err);
	config_free(c);
	return code;
}

static int open_all(struct daemon *d, struct err *err)
{
	if (drop_privileges(d, err) < 0)
		return err->code;
	set_dumpable();
	if (read_config(d, &d->config, err) < 0)
		return err_in(err, "user %lu, who runs the service, cannot take the configuration", (unsigned long)geteuid());
	privileges_log(d->privileges);
	if (parts_open(&d->parts, d->config, PARTS_ON_DISK, err) < 0 || open_listening(d, err) < 0 || open_doors(d, err) < 0)
		return err->code;
	d->reload = reload_new(d->parts.loop, d->options, on_config_read, d);
	loop_on_signal(d->parts.loop, SIGTERM, on_stop, d);
	loop_on_signal(d->parts.loop, SIGINT, on_stop, d);
	loop_on_signal(d->parts.loop, SIGHUP, on_reload, d);
	return 0;
}

int daemon_run(const struct daemon_options *options, struct err *err)
{
	struct daemon *d = mem_new(1, sizeof(*d));
	int code;

	signal(SIGPIPE, SIG_IGN);
	set_limits();
	d->options = options;
	code = open_all(d, err);
	if (code == 0) {
		log_ready(d);
		notify_send("READY=1");
		d->watchdog = watchdog_start(d->parts.loop);
		loop_run(d->parts.loop);
	}
	close_all(d);
	free(d);
	return code < 0 ? code : 0;
}

/* The sentence is one of the lines, or has one of them behind what it says of its own. */
static bool is_told(const char *lines, const char *sentence)
{
	for (size_t length; *lines; lines += length + (lines[length] == '\n')) {
		CLEANUP(mem_freep) char *line = mem_dup_n(lines, length = strcspn(lines, "\n"));

		if (*line && (strstr(line, sentence) || strstr(sentence, line)))
			return true;
	}
	return false;
}

void daemon_explain(const struct daemon_options *options, const struct err *err, struct buf *out)
{
	CLEANUP(buf_done) struct buf mistakes = BUF_INIT(out->max);
	struct config *config = NULL;
	struct err ignored;

	if (config_read_all(options->config_file, options->overrides, schema_provider_table, &mistakes, &config, &ignored) == 0)
		verify_config(config, &mistakes);
	config_free(config);
	if (!is_told(buf_text(&mistakes), err->text))
		buf_printf(out, "%s\n", err->text);
	buf_printf(out, "%s", buf_text(&mistakes));
}
