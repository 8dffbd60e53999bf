/* Judges whether the head of a request could be read in another way by somebody else, such as the front end that passed it on
 * (RFC 9112 section 11.2). Whatever could be is refused, and the connection closed. Pure: libmicrohttpd's answers come in as arguments.
 *
 * libmicrohttpd before 1.0 takes lines that end with a bare LF, folded lines, zero bytes and several spaces, and does not tell. But it
 * leaves the lines where they were read: in one block of memory, one behind another, with a zero in place of each byte of a line end.
 * So the distance between two parts says what stood between them, and `lines` asks for that to be looked at:
 *
 *    method  target  version   two bytes   name  value   two bytes   name  value   two bytes   two bytes   body
 *          1       1           (CR LF)                   (CR LF)                   (CR LF)     (CR LF)
 *
 * A bare LF leaves one byte. A folded line is moved elsewhere. A text with a zero byte inside looks shorter than it is. The end of the
 * head is known from its length, which libmicrohttpd counts from the method. Only addresses are compared; nothing is read outside of the
 * texts. Two things cannot be seen: a zero byte and LF in place of CR LF, and a line before the request that begins with a zero byte and is
 * skipped as an empty one would be. From 1.0 on libmicrohttpd is as strict itself.
 *
 * Order of the calls: framing_target() with the target as it came, before it is decoded; framing_line(); framing_field() for each field
 * in the order in which they came; framing_end(). */
#ifndef SOLVER_GUARD_FRAMING_H
#define SOLVER_GUARD_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct framing_text {
	const char *text; /* NULL: there was none */
	size_t length;
};

struct framing {
	const char *why;       /* a sentence without quotes about what is wrong; NULL: nothing so far */
	bool lines, http10;
	uintptr_t target, end; /* addresses; end: of the part that was looked at last */
	uintptr_t method;
	size_t target_length;
	struct framing_text authority, host, length, encoding, expectation;
	unsigned hosts, lengths, encodings, credentials; /* credentials: a bit for each kind */
};

/* Begins with a new request. */
void framing_target(struct framing *f, const char *target);
/* `url`: the target once it was decoded, without the query. */
void framing_line(struct framing *f, const char *method, const char *url, const char *version, bool lines);
void framing_field(struct framing *f, const char *name, size_t name_length, const char *value, size_t value_length);
/* 0: in order. Else the status of the refusal, after which the connection must be closed, with its reason in f->why. A body in chunks is
 * 411 (RFC 9112 section 6.3): what stands between the chunks cannot be seen. */
int framing_end(struct framing *f, size_t head_length);

#endif
