/* Log lines on stderr, as text or as JSON, one line an event.
 *
 * error = someone must act; warning = tolerated, and says so; info = the life of a
 * challenge, one line a transition; debug = the rest. Fields are key/value pairs of
 * strings, ended by NULL; a pair whose value is NULL is left out. Safe from any thread.
 */
#ifndef SOLVER_BASE_LOG_H
#define SOLVER_BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* Defaults: LOG_INFO, LOG_TEXT. */
void log_setup(enum log_level level, enum log_format format);
/* log_event(LOG_INFO, "published", "id", c->id, "provider", c->provider, NULL) */
void log_event(enum log_level level, const char *message, ...) __attribute__((sentinel));
/* For sentences without fields. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
