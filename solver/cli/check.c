/* dcvd check DOMAIN…: would a certificate authority say yes now, and if not, why and what to do. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "solver/api/common/fields.h"
#include "solver/base/buf.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/challenge/challenge.h"
#include "solver/cli/check_probe.h"
#include "solver/cli/check_report.h"
#include "solver/cli/cli.h"
#include "solver/daemon/checks.h"

#define DOMAINS_MAX 100000
#define FILE_MAX_BYTES (64 * 1024 * 1024)
#define WATCH_PAUSE_MAX_MS 30000
#define EXIT_FLAKY 4
#define EXIT_UNKNOWN 5

static const char about[] =
	"Collects what the certificate authority will see (its DNS view with DNSSEC and CAA, every name server, the web\n"
	"host as it fetches it) and says whether it would be content, why not, and what to do. Nothing is published,\n"
	"except with --probe.\n"
	"\n"
	"Exit status: 0 pass, 1 fail, 4 flaky (depends on which server is asked), 5 unknown (not visible from here);\n"
	"of several domains the worst, in the order 1, 4, 5, 0; 2 and 3 as below.";

struct check_args {
	struct check_want want;       /* what all domains have in common */
	const char *file, *replay, *timeout;
	bool watch, probe, evidence, brief, raw;
	struct cli_list overrides;
	struct cli_service service;   /* config and json of all checks; the rest for --probe */
	char **domains;
	size_t count;
};

/* What a run of checks leaves behind. */
struct summary {
	const struct check_args *args;
	size_t done, bad;
	struct verdict **verdicts;    /* copies of the heads, for the table; NULL while only one is checked */
	int status;
	bool quiet;                   /* --watch: only the last one is printed */
	enum verdict_result result;   /* of the only one */
	char *detail;
};

/* ---- exit status ---- */

static int status_of(enum verdict_result result)
{
	static const int codes[] = { [VERDICT_PASS] = EXIT_DONE, [VERDICT_FAIL] = EXIT_REFUSED, [VERDICT_FLAKY] = EXIT_FLAKY,
	                             [VERDICT_UNKNOWN] = EXIT_UNKNOWN };

	return codes[result];
}

static int worse(int a, int b)
{
	static const int order[] = { EXIT_REACH, EXIT_USAGE, EXIT_REFUSED, EXIT_FLAKY, EXIT_UNKNOWN };

	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return EXIT_DONE;
}

/* ---- one verdict ---- */

static void print_one(const struct check_args *a, const struct evidence *e, const struct verdict *v)
{
	json_t *all;

	if (!a->service.json) {
		report_print(e, v, a->brief || a->count > 1);
		return;
	}
	all = verdict_to_json(v);
	if (a->evidence)
		json_object_set_new(all, "evidence", evidence_to_json(e));
	char *text = json_dumps(all, JSON_COMPACT);

	puts(text);
	free(text);
	json_decref(all);
}

static struct verdict *head_of(const struct verdict *v)
{
	struct verdict *head = verdict_new();

	head->result = v->result;
	head->stage = v->stage;
	head->problem = v->problem;
	head->detail = mem_dup(v->detail);
	return head;
}

static bool on_verdict(size_t index, const struct evidence *e, const struct verdict *v, const struct err *err, void *arg)
{
	struct summary *s = arg;
	const char *domain = s->args->count ? s->args->domains[index] : "?";

	s->done++;
	if (!v) {
		fprintf(stderr, "dcvd check: %s: %s\n", domain, err->text);
		s->status = worse(s->status, err->code == ERR_INVALID ? EXIT_USAGE : EXIT_REACH);
		return !cli_interrupted;
	}
	s->bad += v->result != VERDICT_PASS;
	s->status = worse(s->status, status_of(v->result));
	s->result = v->result;
	mem_replace(&s->detail, v->detail);
	if (s->verdicts)
		s->verdicts[index] = head_of(v);
	if (s->verdicts && !s->args->service.json) {
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\r%zu of %zu checked, %zu not passed ", s->done, s->args->count, s->bad);
	} else if (!s->quiet || v->result == VERDICT_PASS) {
		print_one(s->args, e, v);
	}
	fflush(stdout);
	return !cli_interrupted;
}

/* ---- several domains: one table ---- */

static void print_table(const struct check_args *a, const struct summary *s)
{
	static const char *const headings[] = { "domain", "verdict", "stage", "error", "why", NULL };
	struct table *t = table_new(headings);

	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	for (size_t i = 0; i < a->count; i++) {
		const struct verdict *v = s->verdicts[i];
		const char *problem = v ? problem_type_name(v->problem) : NULL;

		if (v)
			table_row(t, (const char *const[]){ a->domains[i], report_result(v->result), verdict_stage_name(v->stage),
			          problem ? problem : "-", v->detail ? v->detail : "-", NULL });
		else
			table_row(t, (const char *const[]){ a->domains[i], "not checked", "-", "-", "-", NULL });
	}
	table_print_free(t);
	printf("\n%zu passed, %zu did not\n", s->done - s->bad, a->count - (s->done - s->bad));
}

static int check_all(const struct check_args *a, struct summary *s)
{
	struct daemon_options options = { .config_file = a->service.config, .overrides = a->overrides.items };
	struct check_want *wants = mem_new(a->count, sizeof(*wants));
	struct err err = { 0 };
	int code;

	for (size_t i = 0; i < a->count; i++) {
		wants[i] = a->want;
		wants[i].domain = a->domains[i];
	}
	code = checks_run(&options, wants, a->count, on_verdict, s, &err);
	free(wants);
	if (code == 0)
		return s->status;
	fprintf(stderr, "dcvd check: %s\n", err.text);
	return err.code == ERR_INVALID ? EXIT_USAGE : EXIT_REACH;
}

static int check_several(const struct check_args *a)
{
	struct summary s = { .args = a, .verdicts = mem_new(a->count, sizeof(struct verdict *)) };
	int status = check_all(a, &s);

	if (!a->service.json)
		print_table(a, &s);
	for (size_t i = 0; i < a->count; i++)
		verdict_free(s.verdicts[i]);
	free(s.verdicts);
	free(s.detail);
	return status;
}

/* ---- one domain, until it passes ---- */

static void show_state(const struct summary *s)
{
	char now[CLOCK_TEXT_SIZE];

	clock_text(clock_wall_ms(), now);
	fprintf(stderr, "%.8s  %-7s  %s\n", now + 11, report_result(s->result), s->detail ? s->detail : "");
}

static int watch(const struct check_args *a, int64_t limit_ms)
{
	struct summary s = { .args = a, .quiet = true };
	int64_t start = clock_monotonic_ms(), pause_ms = 1000;
	int status;

	for (;;) {
		s.status = EXIT_DONE;
		status = check_all(a, &s);
		if (status == EXIT_DONE || status == EXIT_USAGE || cli_interrupted)
			break;
		show_state(&s);
		if (limit_ms && clock_monotonic_ms() - start + pause_ms > limit_ms)
			break;
		usleep((useconds_t)pause_ms * 1000);
		pause_ms = pause_ms * 3 / 2 < WATCH_PAUSE_MAX_MS ? pause_ms * 3 / 2 : WATCH_PAUSE_MAX_MS;
	}
	free(s.detail);
	return status;
}

static int check_one(const struct check_args *a)
{
	struct summary s = { .args = a };
	int status = check_all(a, &s);

	free(s.detail);
	return status;
}

/* ---- what was recorded ---- */

static char *read_all(FILE *f, size_t *ret_length)
{
	struct buf b = BUF_INIT(FILE_MAX_BYTES);
	char chunk[65536];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, n);
	*ret_length = b.length;
	if (ferror(f) || b.overflow) {
		buf_done(&b);
		return NULL;
	}
	return b.length ? buf_take(&b) : mem_dup("");
}

static char *read_file(const char *path, size_t *ret_length)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = f ? read_all(f, ret_length) : NULL;

	if (!text)
		fprintf(stderr, "dcvd check: %s: %s\n", path, !f ? strerror(errno) : "cannot be read, or is over 64 MiB");
	if (f && f != stdin)
		fclose(f);
	return text;
}

static int replay(const struct check_args *a)
{
	struct daemon_options options = { .config_file = a->service.config, .overrides = a->overrides.items };
	struct evidence *e = NULL;
	struct verdict *v = NULL;
	struct err err = { 0 };
	size_t length = 0;
	CLEANUP(mem_freep) char *text = read_file(a->replay, &length);
	int status;

	if (!text)
		return EXIT_USAGE;
	if (checks_replay(&options, text, length, a->want.authority, &e, &v, &err) < 0) {
		fprintf(stderr, "dcvd check: %s: %s\n", a->replay, err.text);
		return EXIT_USAGE;
	}
	print_one(a, e, v);
	status = status_of(v->result);
	evidence_free(e);
	verdict_free(v);
	return status;
}

/* ---- arguments ---- */

/* One domain a line; "#" begins a comment. */
static int take_lines(struct check_args *a, char *text)
{
	char *end, *line = strtok_r(text, "\n", &end);

	for (; line; line = strtok_r(NULL, "\n", &end)) {
		line += strspn(line, " \t\r");
		line[strcspn(line, " \t\r#")] = '\0';
		if (!*line)
			continue;
		if (a->count == DOMAINS_MAX)
			return cli_usage_error("check", "%s holds more than %d domains", a->file, DOMAINS_MAX);
		a->domains = mem_resize(a->domains, a->count + 1, sizeof(char *));
		a->domains[a->count++] = line;
	}
	return 0;
}

static int refuse_nonsense(const struct check_args *a)
{
	const struct check_want *w = &a->want;
	int type = challenge_type_from_name(w->type);
	struct err err;

	if (type < 0)
		return cli_usage_error("check", "--type is dns-01, http-01, tls-alpn-01, dns-account-01 or dns-persist-01, not \"%.40s\"", a->want.type);
	if (w->account_uri && account_uri_check((enum challenge_type)type, w->account_uri, &err) < 0)
		return cli_usage_error("check", "%s", err.text);
	if (!a->raw && wanted_check((enum challenge_type)type, w->key_authorization ? w->token : NULL, w->key_authorization, w->value, "--key-authorization", &err) < 0)
		return cli_usage_error("check", "%s", err.text);
	if (!a->count && !a->replay)
		return cli_usage_error("check", "give a domain, --file or --replay");
	if (a->count > 1 && (a->watch || a->probe))
		return cli_usage_error("check", "--watch and --probe take one domain");
	return 0;
}

static int run(struct check_args *a)
{
	int64_t limit_ms = 0;
	struct err err;

	if (a->timeout && duration_read(a->timeout, &limit_ms, &err) < 0)
		return cli_usage_error("check", "--timeout: %s", err.text);
	cli_watch_interrupt();
	if (a->replay)
		return replay(a);
	if (a->probe)
		return probe_run(&a->service, a->want.type, a->domains[0], a->timeout);
	if (a->watch)
		return watch(a, limit_ms);
	return a->count > 1 ? check_several(a) : check_one(a);
}

int cli_check(int argc, char **argv)
{
	struct check_args a = { .want = { .type = "dns-01", .parts = CHECK_ALL } };
	const struct cli_option options[] = {
		{ "type", CLI_TEXT, &a.want.type, "TYPE", "dns-01 (the default), http-01, tls-alpn-01, dns-account-01, dns-persist-01", 't' },
		{ "value", CLI_TEXT, &a.want.value, "VALUE", "DNS: the TXT value that must be there" },
		{ "raw", CLI_FLAG, &a.raw, NULL, "also a value that no authority can ask for" },
		{ "token", CLI_TEXT, &a.want.token, "TOKEN", "http-01: the token to fetch" },
		{ "key-authorization", CLI_TEXT, &a.want.key_authorization, "K", "token.thumbprint: what must be served, or what the value is computed from" },
		{ "account-uri", CLI_TEXT, &a.want.account_uri, "URI", "ACME account: for CAA accounturi, dns-account-01, dns-persist-01" },
		{ "account-thumbprint", CLI_TEXT, &a.want.account_thumbprint, "T", "of the account's key: for the digest in a dns-persist-01 record" },
		{ "authority", CLI_TEXT, &a.want.authority, "NAME", "by whose rules; default check.authority (letsencrypt)", 'a' },
		{ "file", CLI_TEXT, &a.file, "FILE", "domains, one a line (\"-\": standard input)", 'f' },
		{ "watch", CLI_FLAG, &a.watch, NULL, "again and again until it passes", 'w' },
		{ "timeout", CLI_TEXT, &a.timeout, "TIME", "--watch, --probe: give up after that" },
		{ "probe", CLI_FLAG, &a.probe, NULL, "publish a random value through the service, check it, withdraw it: a rehearsal" },
		{ "replay", CLI_TEXT, &a.replay, "FILE", "judge what --json --evidence recorded once more" },
		{ "brief", CLI_FLAG, &a.brief, NULL, "only the verdict and what to do", 'b' },
		{ "evidence", CLI_FLAG, &a.evidence, NULL, "with --json: everything that was asked and answered" },
		{ "set", CLI_LIST, &a.overrides, "KEY=VALUE", "an option of the configuration: resolver.servers, check.authority, …", 's' },
		CLI_SERVICE_OPTIONS(&a.service), { NULL } };
	CLEANUP(mem_freep) char *lines = NULL;
	size_t length;
	char **rest;
	int count, status = cli_parse("check DOMAIN…", about, options, argc, argv, &rest, &count);

	if (status)
		return status - 1;
	a.domains = mem_new((size_t)count + 1, sizeof(char *));
	memcpy(a.domains, rest, (size_t)count * sizeof(char *));
	a.count = (size_t)count;
	if (a.file && !(lines = read_file(a.file, &length)))
		status = EXIT_USAGE;
	else if (lines)
		status = take_lines(&a, lines);
	if (!status)
		status = refuse_nonsense(&a);
	if (!status)
		status = run(&a);
	free(a.domains);
	return status;
}
