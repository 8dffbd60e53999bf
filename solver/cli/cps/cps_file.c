#include "solver/cli/cps/cps_file.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/conf/option.h"
#include "solver/conf/yaml_json.h"

#define FILE_MAX_BYTES (4 * 1024 * 1024)

static int read_all(const char *file, struct buf *text)
{
	FILE *f = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	char piece[16384];
	size_t got;

	if (!f) {
		perror(file);
		return -1;
	}
	while ((got = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(text, piece, got);
	if (f != stdin)
		fclose(f);
	if (!text->overflow)
		return 0;
	fprintf(stderr, "dcvd: %s: larger than %d bytes\n", file, FILE_MAX_BYTES);
	return -1;
}

json_t *cps_file_read(const char *file)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT(FILE_MAX_BYTES), json = BUF_INIT(4 * FILE_MAX_BYTES);
	struct yaml_node *root = NULL;
	struct err err;
	json_t *o;

	if (read_all(file, &text) < 0)
		return NULL;
	if (yaml_parse(buf_text(&text), text.length, file, &root, &err) < 0) {
		fprintf(stderr, "dcvd: %s\n", err.text);
		return NULL;
	}
	yaml_to_json(root, &json);
	yaml_free(root);
	o = json_loadb(buf_text(&json), json.length, 0, NULL);
	if (!json_is_object(o)) {
		fprintf(stderr, "dcvd: %s: an enrollment is a mapping, as \"dcvd cps export\" writes it\n", file);
		json_decref(o);
		return NULL;
	}
	return o;
}

static void print_value(const json_t *value, int depth, FILE *out);

static void print_key(const char *key, const json_t *value, int depth, FILE *out)
{
	bool below = (json_is_object(value) && json_object_size(value)) || (json_is_array(value) && json_array_size(value));

	fprintf(out, "%*s%s:%s", 2 * depth, "", key, below ? "\n" : " ");
	print_value(value, depth + 1, out);
}

static void print_scalar(const json_t *value, FILE *out)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT(FILE_MAX_BYTES);
	char *json;

	if (json_is_string(value)) {
		option_dump_text(json_string_value(value), &text);
		fprintf(out, "%s\n", buf_text(&text));
		return;
	}
	json = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	fprintf(out, "%s\n", json ? json : "null");
	free(json);
}

static void print_value(const json_t *value, int depth, FILE *out)
{
	const char *key;
	json_t *one;
	size_t i;

	if (json_is_object(value) && json_object_size(value)) {
		json_object_foreach((json_t *)value, key, one)
			print_key(key, one, depth, out);
	} else if (json_is_array(value) && json_array_size(value)) {
		json_array_foreach((json_t *)value, i, one) {
			if (json_is_object(one) || json_is_array(one)) { /* in flow style: people do not edit these */
				char *json = json_dumps(one, JSON_COMPACT);

				fprintf(out, "%*s- %s\n", 2 * depth, "", json);
				free(json);
				continue;
			}
			fprintf(out, "%*s- ", 2 * depth, "");
			print_scalar(one, out);
		}
	} else {
		print_scalar(value, out);
	}
}

void cps_file_print(const json_t *enrollment, FILE *out)
{
	print_value(enrollment, 0, out);
}
