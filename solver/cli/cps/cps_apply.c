/* dcvd cps apply, export: enrollments as files. An enrollment without a file is left alone: nothing is ever deleted or cancelled. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "solver/base/mem.h"
#include "solver/cli/cps/cps_desk.h"
#include "solver/cli/cps/cps_file.h"
#include "solver/cps/edit.h"

#define FILES_MAX 10000

struct plan {
	struct desk desk;
	bool yes, wait;
	json_t *existing; /* as listed */
	size_t created, changed, same, failed;
};

/* ---- files */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_yaml(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 || strcmp(dot, ".json") == 0);
}

/* The file, or the files of a folder by name. Gives the array and its texts. */
static char **expand(const char *path, size_t *ret_count)
{
	char **files = mem_new(FILES_MAX + 1, sizeof(*files));
	struct dirent *entry;
	struct stat st;
	DIR *folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? opendir(path) : NULL;

	*ret_count = 0;
	if (!folder) {
		files[(*ret_count)++] = mem_dup(path);
		return files;
	}
	while ((entry = readdir(folder)) && *ret_count < FILES_MAX)
		if (is_yaml(entry->d_name))
			files[(*ret_count)++] = mem_printf("%s/%s", path, entry->d_name);
	closedir(folder);
	qsort(files, *ret_count, sizeof(*files), by_name);
	return files;
}

/* ---- which enrollment a file means: the one with its id, or the only one with its common name */

static int64_t find_existing(const struct plan *p, const json_t *wanted, size_t *ret_count)
{
	const char *cn = json_string_value(json_object_get(json_object_get(wanted, "csr"), "cn"));
	int64_t found = json_integer_value(json_object_get(wanted, "id"));
	json_t *one;
	size_t i;

	*ret_count = found > 0;
	if (found > 0)
		return found;
	json_array_foreach(p->existing, i, one)
		if (cn && strcasecmp(json_text(one, "cn"), cn) == 0) {
			found = json_integer_value(json_object_get(one, "id"));
			++*ret_count;
		}
	return found;
}

/* ---- one file */

static int ask(struct plan *p, const char *what, json_t *input, bool dry)
{
	if (dry)
		json_object_set_new(input, "dry_run", json_true());
	return desk_ask(&p->desk, what, input);
}

static json_t *input_for(const json_t *wanted, int64_t enrollment)
{
	json_t *body = json_deep_copy(wanted), *input = json_object();
	const char *profile = json_string_value(json_object_get(body, "profile"));

	if (profile)
		json_object_set_new(input, "profile", json_string(profile));
	json_object_del(body, "profile");
	json_object_set_new(input, "body", body);
	if (enrollment)
		json_object_set_new(input, "enrollment", json_integer((json_int_t)enrollment));
	return input;
}

static bool report_refusal(const struct plan *p, const char *file)
{
	json_t *refused = json_object_get(p->desk.result, "refused"), *one;
	size_t i;

	json_array_foreach(refused, i, one) {
		fprintf(stderr, "dcvd: %s: ", file);
		desk_print_line(stderr, json_string_value(one));
	}
	return refused != NULL;
}

static int plan_creation(struct plan *p, const char *file, const json_t *wanted)
{
	int code = ask(p, "create", input_for(wanted, 0), !p->yes);

	if (code != EXIT_DONE || report_refusal(p, file))
		return code == EXIT_DONE ? EXIT_USAGE : code;
	printf("%s %s: %s\n", p->yes ? "created" : "+ create", file, json_text(json_object_get(wanted, "csr"), "cn"));
	p->created++;
	return EXIT_DONE;
}

static void print_differences(const json_t *existing, const json_t *wanted)
{
	json_t *before = cps_edit_copy(existing), *list = cps_edit_differences(before, wanted), *one;
	size_t i;

	json_array_foreach(list, i, one) {
		fputs("    ", stdout);
		desk_print_line(stdout, json_string_value(one));
	}
	json_decref(list);
	json_decref(before);
}

/* First as a dry run, whose request shows what would differ. */
static int plan_update(struct plan *p, const char *file, const json_t *wanted, int64_t enrollment)
{
	json_t *body;
	int code = ask(p, "update", input_for(wanted, enrollment), true);

	if (code != EXIT_DONE || report_refusal(p, file))
		return code == EXIT_DONE ? EXIT_USAGE : code;
	body = json_incref(json_object_get(json_object_get(p->desk.result, "request"), "body"));
	if (!body) {
		printf("  %s: enrollment %lld is as the file says\n", file, (long long)enrollment);
		p->same++;
		return EXIT_DONE;
	}
	printf("~ %s: enrollment %lld\n", file, (long long)enrollment);
	code = desk_ask(&p->desk, "enrollment", json_pack("{s:I}", "enrollment", (json_int_t)enrollment));
	if (code == EXIT_DONE)
		print_differences(p->desk.result, body);
	json_decref(body);
	if (code == EXIT_DONE && p->yes)
		code = ask(p, "update", input_for(wanted, enrollment), false);
	p->changed += code == EXIT_DONE;
	return code;
}

static int plan_file(struct plan *p, const char *file)
{
	json_t *wanted = cps_file_read(file);
	size_t count;
	int64_t enrollment;
	int code;

	if (!wanted)
		return EXIT_USAGE;
	enrollment = find_existing(p, wanted, &count);
	if (count > 1) {
		fprintf(stderr, "dcvd: %s: %zu enrollments have this common name; write \"id: N\" into the file\n", file, count);
		code = EXIT_USAGE;
	} else {
		code = enrollment ? plan_update(p, file, wanted, enrollment) : plan_creation(p, file, wanted);
	}
	json_decref(wanted);
	return code;
}

int cps_cli_apply(int argc, char **argv)
{
	struct plan p = { 0 };
	const struct cli_option options[] = { DESK_OPTIONS(&p.desk), { "yes", CLI_FLAG, &p.yes, NULL, "carry the plan out" }, { NULL } };
	char **rest;
	int count, worst = EXIT_DONE, code = cli_parse("cps apply FILE…", "Compares enrollments in files (or folders of them) with what exists and prints what would change;\n"
	                                               "with --yes it is done. Nothing is deleted or cancelled. The common name finds an enrollment, or \"id: N\".",
	                                               options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (!count)
		return cli_usage_error("cps apply", "a file or folder is wanted");
	code = desk_ask(&p.desk, "list", json_object());
	p.existing = code == EXIT_DONE ? json_incref(json_object_get(p.desk.result, "enrollments")) : NULL;
	for (int i = 0; i < count && code == EXIT_DONE; i++) {
		size_t files;
		char **list = expand(rest[i], &files);

		for (size_t k = 0; k < files; k++) {
			int one = plan_file(&p, list[k]);

			p.failed += one != EXIT_DONE;
			worst = one > worst ? one : worst;
			free(list[k]);
		}
		free(list);
	}
	if (code == EXIT_DONE)
		printf("%zu %s, %zu %s, %zu as they are, %zu refused%s\n", p.created, p.yes ? "created" : "to create", p.changed,
		       p.yes ? "changed" : "to change", p.same, p.failed, p.yes || !(p.created + p.changed) ? "" : "; --yes carries it out");
	json_decref(p.existing);
	desk_close(&p.desk);
	return code == EXIT_DONE ? worst : code;
}

/* ---- export */

static int export_one(struct desk *d, int64_t enrollment, const char *folder)
{
	int code = desk_ask(d, "enrollment", json_pack("{s:I}", "enrollment", (json_int_t)enrollment));
	CLEANUP(mem_freep) char *path = folder ? mem_printf("%s/%lld.yaml", folder, (long long)enrollment) : NULL;
	FILE *out = stdout;
	json_t *copy;

	if (code != EXIT_DONE)
		return code;
	if (path && !(out = fopen(path, "we"))) {
		perror(path);
		return EXIT_REFUSED;
	}
	copy = cps_edit_copy(d->result);
	fprintf(out, "id: %lld\n", (long long)enrollment);
	cps_file_print(copy, out);
	json_decref(copy);
	if (path && fclose(out) != 0) {
		perror(path);
		return EXIT_REFUSED;
	}
	return EXIT_DONE;
}

static int export_all(struct desk *d, const char *folder)
{
	int code = desk_ask(d, "list", json_object());
	json_t *list = code == EXIT_DONE ? json_incref(json_object_get(d->result, "enrollments")) : NULL, *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (code == EXIT_DONE)
			code = export_one(d, json_integer_value(json_object_get(one, "id")), folder);
	json_decref(list);
	return code;
}

int cps_cli_export(int argc, char **argv)
{
	struct desk d = { 0 };
	const char *folder = NULL;
	const struct cli_option options[] = { DESK_OPTIONS(&d), { "folder", CLI_TEXT, &folder, "DIR", "one file an enrollment, <id>.yaml" }, { NULL } };
	int64_t enrollment = 0;
	char **rest;
	int count, code = cli_parse("cps export ENROLLMENT | --folder DIR", "Writes enrollments as \"dcvd cps apply\" reads them; with --folder and no ENROLLMENT all of them.",
	                            options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (count == 0 && folder)
		code = export_all(&d, folder);
	else if (desk_read_enrollment("cps export", count, rest, &enrollment))
		code = export_one(&d, enrollment, folder);
	else
		return EXIT_USAGE;
	desk_close(&d);
	return code;
}
