/* A growing byte buffer with a hard maximum.
 *
 * Writers append without checking; the first append that would pass the maximum sets
 * `overflow`, and everything after it is dropped. Check once, at the end. The content is
 * always followed by a zero byte that does not count.
 */
#ifndef SOLVER_BASE_BUF_H
#define SOLVER_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;    /* NULL until the first append */
	size_t length;
	size_t room;
	size_t max;    /* bytes; never exceeded */
	bool overflow;
};

/* struct buf b = BUF_INIT(65536); */
#define BUF_INIT(maximum) ((struct buf){ .max = (maximum) })

void buf_done(struct buf *b);   /* frees the bytes; b can be used again */
void buf_wipe(struct buf *b);   /* overwrites the bytes first: for secrets */
void buf_reset(struct buf *b);  /* length 0, keeps the room */
void buf_add(struct buf *b, const void *bytes, size_t length);
void buf_add_text(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text; "" when nothing was added. Borrowed until the next append. */
const char *buf_text(const struct buf *b);
/* The bytes; gives (free with free), b is empty afterwards. */
char *buf_take(struct buf *b);

#endif
