/* dcvd audit verify: the chain of the log, from the service, its state folder, or what "audit export" wrote. No secret of the configuration is needed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "solver/api/audit/audit_chain.h"
#include "solver/base/mem.h"
#include "solver/cli/audit.h"

struct verification {
	struct audit_walk walk;
	const struct audit_chain *expected; /* or NULL */
	bool met;
	char found[SHA256_TEXT_SIZE]; /* the digest of the entry with that number; "": there is none */
};

static int complain(const struct err *err)
{
	fprintf(stderr, "dcvd: the audit log is broken: %s\n", err->text);
	return EXIT_REFUSED;
}

static void meet(struct verification *v, const struct audit_chain *c)
{
	if (!v->expected || c->number != v->expected->number)
		return;
	memcpy(v->found, c->digest, sizeof(v->found));
	v->met = strcmp(c->digest, v->expected->digest) == 0;
}

static int judge(struct verification *v, int code, const struct err *err)
{
	if (code < 0)
		return complain(err);
	meet(v, &v->walk.cut);
	meet(v, &v->walk.chain);
	return EXIT_DONE;
}

static int verify_row(const struct store_audit *row, void *arg)
{
	struct verification *v = arg;
	struct err err;
	int code = audit_walk_row(&v->walk, row, &err);

	return judge(v, code, &err);
}

/* ---- files ---- */

/* Of an export, which has the lines only. */
static int verify_line(struct verification *v, const char *line, size_t length)
{
	struct err err;
	int code = strlen(line) == length ? audit_walk_next(&v->walk, line, NULL, &err) :
	                                    err_set(&err, ERR_CONFLICT, "there is a zero byte behind entry %" PRId64, v->walk.chain.number);

	return judge(v, code, &err);
}

static int verify_lines(const char *path, struct verification *v)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	int status = EXIT_DONE;

	if (!f) {
		perror(path);
		return EXIT_USAGE;
	}
	while (status == EXIT_DONE && (length = getline(&line, &room, f)) > 0) {
		if (line[length - 1] == '\n')
			line[--length] = '\0';
		status = verify_line(v, line, (size_t)length);
	}
	free(line);
	if (f != stdin)
		fclose(f);
	return status;
}

/* A state folder, or the journal in one. */
static char *folder_of(const char *path)
{
	static const char journal[] = "journal.db";
	size_t length = strlen(path), end = sizeof(journal) - 1;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return mem_dup(path);
	if (length < end || strcmp(path + length - end, journal) != 0 || (length > end && path[length - end - 1] != '/'))
		return NULL;
	return length == end ? mem_dup(".") : mem_dup_n(path, length - end);
}

static int verify_path(const char *path, struct verification *v)
{
	CLEANUP(mem_freep) char *folder = folder_of(path);

	return folder ? audit_read_folder(folder, verify_row, v) : verify_lines(path, v);
}

/* ---- what came of it ---- */

static void explain_absence(const struct verification *v)
{
	const struct audit_chain *e = v->expected, *last = &v->walk.chain, *cut = &v->walk.cut;

	fprintf(stderr, "dcvd: entry %" PRId64 " with the digest %s is not in the log: ", e->number, e->digest);
	if (e->number > last->number)
		fprintf(stderr, "its end was cut off; it ends with entry %" PRId64 "\n", last->number);
	else if (e->number < cut->number)
		fprintf(stderr, "retention removed the entries up to %" PRId64 ", so it cannot be compared; give a newer entry to --expect\n", cut->number);
	else
		fprintf(stderr, "the entry with this number has the digest %s: the log was written anew from there on, or from before\n", v->found);
}

static void print_whole(const struct verification *v)
{
	const struct audit_chain *last = &v->walk.chain, *cut = &v->walk.cut;

	printf("%" PRId64 " entries, none changed or missing; the last is %" PRId64 " with the digest %s\n", last->number - cut->number, last->number,
	       *last->digest ? last->digest : "-");
	if (cut->number)
		printf("it begins with entry %" PRId64 "; %" PRId64 " older entries were removed by retention, the last of them on %.10s\n", cut->number + 1,
		       cut->number, v->walk.cut_at);
}

static int verdict(const struct cli_service *s, const struct verification *v)
{
	bool whole = !v->expected || v->met;
	struct err err;
	json_t *said;

	if (audit_walk_end(&v->walk, &err) < 0)
		return complain(&err);
	if (s->json) {
		said = json_pack("{sb sI sI ss}", "whole", whole, "entries", (json_int_t)v->walk.chain.number, "removed", (json_int_t)v->walk.cut.number, "digest",
		                 v->walk.chain.digest);
		print_json(said);
		json_decref(said);
	} else if (whole) {
		print_whole(v);
	}
	if (!whole)
		explain_absence(v);
	return whole ? EXIT_DONE : EXIT_REFUSED;
}

int audit_verify(int argc, char **argv)
{
	struct cli_service s = { 0 };
	struct verification v = { 0 };
	struct audit_chain expected;
	const char *expect = NULL;
	const struct cli_option options[] = { { "expect", CLI_TEXT, &expect, "NUMBER:DIGEST", "this entry must be there: what was noted elsewhere (audit head)" },
		CLI_SERVICE_OPTIONS(&s), { NULL } };
	int count, status = cli_parse("audit verify [FILE | FOLDER]", "Recomputes the chain of the log, of the journal in a state folder, or of what \"audit export\" wrote, and\n"
	                              "names the first entry that does not fit.", options, argc, argv, &argv, &count);
	struct err err;

	if (status)
		return status - 1;
	if (count > 1)
		return cli_usage_error("audit verify", "give at most one file or folder");
	if (expect && audit_head_read(expect, &expected, &err) < 0)
		return cli_usage_error("audit verify", "--expect: %s", err.text);
	v.expected = expect ? &expected : NULL;
	status = count ? verify_path(argv[0], &v) : audit_read_entries(&s, 0, 0, verify_row, &v);
	return status == EXIT_DONE ? verdict(&s, &v) : status;
}
