/* Lines and blocks to and from the program that holds the rest of the world, on standard input and output. */
#ifndef TESTS_SCENARIO_WORLD_LINE_H
#define TESTS_SCENARIO_WORLD_LINE_H

#include <stddef.h>

#include "solver/net/http.h"

/* The next line without its end, or NULL: nobody is there any more. Good until the next call. */
const char *line_read(void);
/* A block of so many bytes, zero-ended; gives (free with free). Ends the process when it does not come whole. */
char *line_read_block(size_t length);
void line_write(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "text LENGTH" and the text. */
void line_write_text(const char *text);

/* Asks the world what an API says: status (0: nobody answers), body and headers (given), and what changed in its zones (given). */
int line_ask(long long now_ms, const struct http_request *request, char **ret_body, char **ret_headers, char **ret_zones);

#endif
