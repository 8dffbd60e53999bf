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
	OPTION_PATH,     /* char *, "~/" expanded */
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
	const char *help;         /* one sentence or two */
};

#endif
