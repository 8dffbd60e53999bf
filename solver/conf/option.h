/* Option tables: one row an option. The parser, its errors, `config dump`, `config example` and the
 * documentation all come from the same rows. */
#ifndef SOLVER_CONF_OPTION_H
#define SOLVER_CONF_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_BOOL,     /* bool */
	OPTION_INT,      /* int64_t, min..max */
	OPTION_DURATION, /* int64_t milliseconds: "250ms", "2s", "5m", "12h", "7d" */
	OPTION_TEXT,     /* char * */
	OPTION_PATH,     /* char *, "~/" expanded; also written as {credential: …}: the file of a systemd credential */
	OPTION_ENUM,     /* int: index into names */
	OPTION_LIST,     /* char **: NULL-ended; a single text is a list of one */
	OPTION_SECRET,   /* struct secret *: written as {file: …}, {env: …}, {credential: …} (systemd), or
	                    inline text, which `config check` warns about */
};

struct option {
	const char *name;         /* NULL ends the table; words joined by '-' */
	enum option_kind kind;
	size_t offset;            /* offsetof in the struct that the table fills */
	const char *def;          /* default as it would be written, or NULL: zero, NULL, empty */
	int64_t min, max;         /* INT and DURATION, when max > min; LIST and TEXT: lengths when max > 0 */
	const char *const *names; /* ENUM: NULL-ended */
	bool required;
	bool start;               /* read at the start only: a reload keeps what is in force and says so */
	bool site;                /* of a provider: says where it writes; never a secret */
	const char *help;         /* one sentence or two */
	/* TEXT, PATH, and each item of LIST: what is wrong with the text, or NULL. May be NULL. */
	const char *(*check)(const char *text);
};

struct buf;
struct err;
struct yaml_node;

/* What reading an option may say beside failing. */
struct option_notes {
	struct buf *warnings; /* sentences, one a line; may be NULL */
	struct buf *mistakes; /* the same, for who wants to hear of all; NULL: the first one ends it */
};

/* The `code` of a step: where all mistakes are wanted, an error is noted and 0 returned, so that the reading goes on. */
int option_mistake(struct option_notes *notes, int code, const struct err *err);
/* How much was noted: more than before means that a part is not usable. */
size_t option_mistakes(const struct option_notes *notes);

/* Fills a zeroed struct with the defaults of its table. */
void option_defaults(const struct option *table, void *base);
/* Frees what the fields hold, and zeroes them. */
void option_free(const struct option *table, void *base);
const struct option *option_find(const struct option *table, const char *name);
/* One value into its field, in place of what was there. `path` names it in sentences ("http.listen"). */
int option_parse(const struct option *o, void *base, const struct yaml_node *value, const char *path,
                 struct option_notes *notes, struct err *err);
/* All children of a mapping into a struct with its defaults set. Keys in `others` (NULL-ended, or NULL)
 * belong to somebody else. A null is an empty mapping. Refuses unknown keys and missing required ones. */
int option_parse_table(const struct option *table, void *base, const struct yaml_node *map, const char *path,
                       const char *const *others, struct option_notes *notes, struct err *err);
/* The value of one struct in place of that of another: not for secrets. */
void option_copy(const struct option *o, void *base, const void *from);
/* The value as YAML flow, a secret as "***". */
void option_dump(const struct option *o, const void *base, struct buf *out);
/* Text as a YAML scalar, quoted where it must be. */
void option_dump_text(const char *text, struct buf *out);

#endif
