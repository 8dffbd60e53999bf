/* A YAML document as a tree in which every node knows where it stands.
 *
 * Less than YAML on purpose: one document, keys that are text, no aliases, no key twice, a depth that
 * recursion can afford. What is left out is refused with its position, so what reads the tree meets
 * no surprises. The only file that knows libfyaml is yaml.c.
 */
#ifndef SOLVER_CONF_YAML_H
#define SOLVER_CONF_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include <uthash.h>

#include "solver/base/err.h"

#define YAML_DEPTH_MAX 16

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	const char *file;        /* name for messages; borrowed from whoever parsed */
	int line, column;        /* from 1; line 0: the node has no position (an override) */
	char *text;              /* SCALAR; holds no zero byte */
	bool plain;              /* SCALAR without quotes: may mean a number, true, null */
	char *key;               /* of a child of a MAP */
	int key_line, key_column;
	struct yaml_node *child; /* first of LIST and MAP */
	struct yaml_node *last;  /* last of them */
	struct yaml_node *next;  /* sibling */
	size_t count;            /* children */
	struct yaml_node *keys;  /* MAP: its children by key */
	UT_hash_handle hh;
};

/* Gives *ret (free with yaml_free); an empty text is an empty map. `file` must outlive the tree. */
int yaml_parse(const char *text, size_t length, const char *file, struct yaml_node **ret, struct err *err);
/* Wipes the texts: some are secrets. NULL is allowed. */
void yaml_free(struct yaml_node *node);
void yaml_freep(struct yaml_node **node);

struct yaml_node *yaml_new(enum yaml_kind kind, const char *file);
/* Takes `child`. */
void yaml_append(struct yaml_node *parent, struct yaml_node *child);
struct yaml_node *yaml_find(const struct yaml_node *map, const char *key);
/* Puts `value` (takes it) under `key`, in place of what was there. */
void yaml_replace(struct yaml_node *map, const char *key, struct yaml_node *value);
/* Nothing, "~" or "null" without quotes. */
bool yaml_is_null(const struct yaml_node *node);

/* "FILE:LINE:COLUMN: sentence" at the value or at its key; returns ERR_INVALID. */
int yaml_error(const struct yaml_node *node, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int yaml_key_error(const struct yaml_node *node, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
