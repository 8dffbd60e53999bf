#include "solver/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "solver/base/buf.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"

#define LINE_MAX_BYTES 4096

static enum log_level current_level = LOG_INFO;
static enum log_format current_format = LOG_TEXT;

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_setup(enum log_level level, enum log_format format)
{
	current_level = level;
	current_format = format;
}

/* JSON string escapes; control characters cannot break a line in either format. */
static void add_escaped(struct buf *line, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf_printf(line, "\\%c", *c);
		else if (*c < 0x20 || *c == 0x7f)
			buf_printf(line, "\\u%04x", *c);
		else
			buf_add_char(line, (char)*c);
	}
}

static void add_quoted(struct buf *line, const char *text)
{
	buf_add_char(line, '"');
	add_escaped(line, text);
	buf_add_char(line, '"');
}

static void add_field(struct buf *line, const char *key, const char *value)
{
	if (current_format == LOG_JSON) {
		buf_printf(line, ",\"%s\":", key);
		add_quoted(line, value);
	} else if (!*value || strpbrk(value, " \"\\=\t\n\r")) {
		buf_printf(line, " %s=", key);
		add_quoted(line, value);
	} else {
		buf_printf(line, " %s=", key);
		add_escaped(line, value);
	}
}

static void add_start(struct buf *line, enum log_level level, const char *message)
{
	char time[CLOCK_TEXT_SIZE];

	clock_text(clock_wall_ms(), time);
	if (current_format == LOG_JSON) {
		buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", time, level_names[level]);
		add_quoted(line, message);
	} else {
		buf_printf(line, "%s %-7s ", time, level_names[level]);
		add_escaped(line, message);
	}
}

/* One write a line, so that lines of several threads never mix. */
static void write_line(struct buf *line)
{
	if (current_format == LOG_JSON)
		buf_add_char(line, '}');
	buf_add_char(line, '\n');
	if (write(STDERR_FILENO, buf_text(line), line->length) < 0)
		return; /* nowhere left to say it */
}

void log_event(enum log_level level, const char *message, ...)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT(LINE_MAX_BYTES * 4);
	const char *key, *value;
	va_list args;

	if (level > current_level)
		return;
	add_start(&line, level, message);
	va_start(args, message);
	while ((key = va_arg(args, const char *))) {
		value = va_arg(args, const char *);
		if (value)
			add_field(&line, key, value);
	}
	va_end(args);
	write_line(&line);
}

void log_line(enum log_level level, const char *format, ...)
{
	char message[LINE_MAX_BYTES];
	va_list args;

	if (level > current_level)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	log_event(level, message, NULL);
}
