#include "solver/conf/yaml.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/conf/characters.h"

/* The branch from the root to where the reader stands. */
struct reader {
	struct fy_parser *parser;
	const char *file;
	struct yaml_node *root;
	struct yaml_node *open[YAML_DEPTH_MAX];
	int depth;
	bool seen_document, seen_end;
	size_t length; /* of the text */
	char *key; /* read, its value not yet */
	int key_line, key_column;
};

struct yaml_node *yaml_new(enum yaml_kind kind, const char *file)
{
	struct yaml_node *node = mem_new(1, sizeof(*node));

	node->kind = kind;
	node->file = file;
	return node;
}

static void text_wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void yaml_free(struct yaml_node *node)
{
	struct yaml_node *child, *next;

	if (!node)
		return;
	HASH_CLEAR(hh, node->keys);
	for (child = node->child; child; child = next) {
		next = child->next;
		yaml_free(child);
	}
	text_wipe(node->text);
	free(node->key);
	free(node);
}

void yaml_freep(struct yaml_node **node)
{
	yaml_free(*node);
}

void yaml_append(struct yaml_node *parent, struct yaml_node *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->child = child;
	parent->last = child;
	parent->count++;
	if (parent->kind == YAML_MAP)
		HASH_ADD_KEYPTR(hh, parent->keys, child->key, strlen(child->key), child);
}

struct yaml_node *yaml_find(const struct yaml_node *map, const char *key)
{
	struct yaml_node *found = NULL;

	if (map && map->kind == YAML_MAP)
		HASH_FIND(hh, map->keys, key, strlen(key), found);
	return found;
}

static void yaml_remove(struct yaml_node *map, struct yaml_node *child)
{
	struct yaml_node **slot = &map->child, *before = NULL;

	while (*slot != child) {
		before = *slot;
		slot = &before->next;
	}
	*slot = child->next;
	if (map->last == child)
		map->last = before;
	map->count--;
	HASH_DEL(map->keys, child);
	yaml_free(child);
}

void yaml_replace(struct yaml_node *map, const char *key, struct yaml_node *value)
{
	struct yaml_node *old = yaml_find(map, key);

	if (old)
		yaml_remove(map, old);
	free(value->key);
	value->key = mem_dup(key);
	yaml_append(map, value);
}

bool yaml_is_null(const struct yaml_node *node)
{
	if (node->kind != YAML_SCALAR || !node->plain)
		return false;
	return !*node->text || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0;
}

static int error_at(const char *file, int line, int column, struct err *err, const char *format, va_list args)
{
	char sentence[ERR_TEXT_MAX];

	vsnprintf(sentence, sizeof(sentence), format, args);
	if (line == 0)
		return err_set(err, ERR_INVALID, "%s: %s", file, sentence);
	return err_set(err, ERR_INVALID, "%s:%d:%d: %s", file, line, column, sentence);
}

int yaml_error(const struct yaml_node *node, struct err *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_at(node->file, node->line, node->column, err, format, args);
	va_end(args);
	return ERR_INVALID;
}

int yaml_key_error(const struct yaml_node *node, struct err *err, const char *format, ...)
{
	bool own = node->key_line > 0;
	va_list args;

	va_start(args, format);
	error_at(node->file, own ? node->key_line : node->line, own ? node->key_column : node->column, err, format, args);
	va_end(args);
	return ERR_INVALID;
}

static int reader_error(struct reader *r, const struct yaml_node *where, struct err *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_at(r->file, where->line, where->column, err, format, args);
	va_end(args);
	return ERR_INVALID;
}

static struct yaml_node *node_at(struct reader *r, enum yaml_kind kind, struct fy_event *event)
{
	const struct fy_mark *mark = fy_event_start_mark(event);
	struct yaml_node *node = yaml_new(kind, r->file);

	node->line = mark ? mark->line + 1 : 1;
	node->column = mark ? mark->column + 1 : 1;
	return node;
}

/* libfyaml's mark is behind the quote; people count from it. */
static void step_before_quote(struct yaml_node *node, struct fy_token *token)
{
	enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;

	if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && node->column > 1)
		node->column--;
}

/* False when a zero byte ("\0" in quotes) would cut the text short. */
static bool node_take_text(struct yaml_node *node, struct fy_token *token)
{
	size_t length = 0;
	const char *text = token ? fy_token_get_text(token, &length) : NULL;

	node->text = text ? mem_dup_n(text, length) : mem_dup("");
	node->plain = !token || fy_token_scalar_style(token) == FYSS_PLAIN;
	step_before_quote(node, token);
	return strlen(node->text) == length;
}

/* A scalar where a key is due. Takes `node`. */
static int reader_key(struct reader *r, struct yaml_node *node, struct err *err)
{
	CLEANUP(yaml_freep) struct yaml_node *owned = node;

	if (node->kind != YAML_SCALAR)
		return reader_error(r, node, err, "a key must be a word");
	if (yaml_find(r->open[r->depth - 1], node->text))
		return reader_error(r, node, err, "duplicate key '%.64s'", node->text);
	r->key = owned->text;
	owned->text = NULL;
	r->key_line = owned->line;
	r->key_column = owned->column;
	return 0;
}

static void reader_attach(struct reader *r, struct yaml_node *node)
{
	if (r->depth == 0) {
		r->root = node;
		return;
	}
	node->key = r->key;
	node->key_line = node->key ? r->key_line : 0;
	node->key_column = node->key ? r->key_column : 0;
	r->key = NULL;
	yaml_append(r->open[r->depth - 1], node);
}

/* Takes `node`. */
static int reader_add(struct reader *r, struct yaml_node *node, struct err *err)
{
	CLEANUP(yaml_freep) struct yaml_node *owned = node;

	if (r->depth > 0 && r->open[r->depth - 1]->kind == YAML_MAP && !r->key) {
		owned = NULL;
		return reader_key(r, node, err);
	}
	if (node->kind != YAML_SCALAR && r->depth == YAML_DEPTH_MAX)
		return reader_error(r, node, err, "nested deeper than %d levels", YAML_DEPTH_MAX);
	owned = NULL;
	reader_attach(r, node);
	if (node->kind != YAML_SCALAR)
		r->open[r->depth++] = node;
	return 0;
}

static int reader_refuse(struct reader *r, struct fy_event *event, const char *sentence, struct err *err)
{
	CLEANUP(yaml_freep) struct yaml_node *node = node_at(r, YAML_SCALAR, event);

	return reader_error(r, node, err, "%s", sentence);
}

/* A plain value that was left out ("key:") stands where its key stands. */
static int reader_scalar(struct reader *r, struct fy_event *event, struct err *err)
{
	struct yaml_node *node = node_at(r, YAML_SCALAR, event);

	if (!node_take_text(node, event->scalar.value)) {
		reader_error(r, node, err, "a text cannot hold a zero byte");
		yaml_free(node);
		return ERR_INVALID;
	}
	if (!*node->text && node->plain && r->key) {
		node->line = r->key_line;
		node->column = r->key_column;
	}
	return reader_add(r, node, err);
}

static int reader_event(struct reader *r, struct fy_event *event, struct err *err)
{
	switch (event->type) {
	case FYET_DOCUMENT_START:
		if (r->seen_document)
			return reader_refuse(r, event, "a second document ('---'): one is read", err);
		r->seen_document = true;
		return 0;
	case FYET_ALIAS:
		return reader_refuse(r, event, "aliases ('*name') are not supported", err);
	case FYET_STREAM_END:
		r->seen_end = fy_event_start_mark(event) && fy_event_start_mark(event)->input_pos == r->length;
		return 0;
	case FYET_SCALAR:
		return reader_scalar(r, event, err);
	case FYET_SEQUENCE_START:
		return reader_add(r, node_at(r, YAML_LIST, event), err);
	case FYET_MAPPING_START:
		return reader_add(r, node_at(r, YAML_MAP, event), err);
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		r->depth--;
		return 0;
	default:
		return 0;
	}
}

/* What libfyaml complained about first. Some refusals come without a word. */
static int syntax_error(const char *file, struct fy_diag *diag, struct err *err)
{
	void *position = NULL;
	const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &position);

	if (!first)
		return err_set(err, ERR_INVALID, "%s:1:1: this is not YAML", file);
	return err_set(err, ERR_INVALID, "%s:%d:%d: %s", file, first->line, first->column, first->msg);
}

static int reader_run(struct reader *r, struct fy_diag *diag, struct err *err)
{
	struct fy_event *event;
	int code;

	while ((event = fy_parser_parse(r->parser))) {
		code = reader_event(r, event, err);
		fy_parser_event_free(r->parser, event);
		if (code < 0)
			return code;
	}
	if (fy_parser_get_stream_error(r->parser) || fy_diag_got_error(diag))
		return syntax_error(r->file, diag, err);
	if (!r->seen_end)
		return err_set(err, ERR_INVALID, "%s: the YAML parser stopped before the end of the text", r->file);
	return 0;
}

static int reader_read(struct reader *r, const char *text, struct fy_diag *diag, struct err *err)
{
	struct fy_parse_cfg cfg = {
		.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DISABLE_MMAP_OPT | FYPCF_JSON_NONE,
		.diag = diag,
	};
	int code;

	r->parser = fy_parser_create(&cfg);
	if (!r->parser || fy_parser_set_string(r->parser, text, r->length) != 0)
		code = err_set(err, ERR_IO, "%s: cannot start the YAML parser", r->file);
	else
		code = reader_run(r, diag, err);
	fy_parser_destroy(r->parser);
	return code;
}

int yaml_parse(const char *text, size_t length, const char *file, struct yaml_node **ret, struct err *err)
{
	struct reader reader = { .file = file, .length = length };
	struct fy_diag_cfg cfg;
	struct fy_diag *diag;
	int code = characters_check(text, length, file, err);

	if (code < 0)
		return code;
	fy_diag_cfg_default(&cfg);
	cfg.fp = NULL;
	cfg.level = FYET_ERROR;
	diag = fy_diag_create(&cfg);
	fy_diag_set_collect_errors(diag, true);
	code = reader_read(&reader, text, diag, err);
	fy_diag_destroy(diag);
	free(reader.key);
	if (code == 0 && !reader.root)
		code = characters_check_empty(text, length, file, err);
	if (code < 0) {
		yaml_free(reader.root);
		return code;
	}
	*ret = reader.root ? reader.root : yaml_new(YAML_MAP, file);
	return 0;
}
